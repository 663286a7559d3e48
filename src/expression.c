/*
 * expression.c
 *		A condition over the rows of a relation, as a registrant writes it.
 *
 * It is analysed once, by the rules of the session that writes it, and written
 * down again with every name qualified, so that what it means does not depend
 * on who runs it.  What is stored is thus never the user's text.
 */
#include "expression.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "dataset.h"

/* The alias under which runs see the relation */
#define ALIAS "t"

/* What is collected from a condition */
typedef struct Contents
{
	int			depth;			/* of sub-selects */
	Bitmapset  *columns;
	List	   *functions;		/* OIDs, in the order in which they are met */
} Contents;

typedef struct Reading
{
	const char *argument;
	Oid			relation;
	const char *text;
	FmaExpression *expression;
} Reading;

/* The parser gave one expression and nothing around it, such as FROM or a second one */
static Node *
OnlyExpression(const char *argument, const char *text)
{
	List	   *statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	ResTarget  *target = list_length(select->targetList) == 1 ? linitial_node(ResTarget, select->targetList) : NULL;
	SelectStmt *bare = makeNode(SelectStmt);

	/* Whatever else a SELECT can have, this one must not */
	bare->targetList = select->targetList;
	if (target == NULL || target->name != NULL || target->indirection != NIL || !equal(select, bare) ||
		(IsA(target->val, ColumnRef) && IsA(linitial(((ColumnRef *) target->val)->fields), A_Star)))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("\"%s\" is not one condition", text),
				 errhint("Write what stands after WHERE, such as: abs(y - prediction) > 15")));
	return target->val;
}

/* Analyses a condition; columns may stand alone, after the relation's name, or after t */
static Node *
Analyse(const char *argument, Oid relation, const char *text)
{
	ParseState *pstate = make_parsestate(NULL);
	Relation	source = try_relation_open(relation, AccessShareLock);
	ParseNamespaceItem *item;
	Node	   *node;

	if (source == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the relation no longer exists")));
	pstate->p_sourcetext = text;
	node = OnlyExpression(argument, text);
	item = addRangeTableEntryForRelation(pstate, source, AccessShareLock, NULL, false, true);
	addNSItemToQuery(pstate, item, true, true, true);
	if (strcmp(RelationGetRelationName(source), ALIAS) != 0)
	{
		ParseNamespaceItem *again = palloc(sizeof(ParseNamespaceItem));

		*again = *item;
		again->p_names = makeAlias(ALIAS, item->p_names->colnames);
		again->p_cols_visible = false;
		pstate->p_namespace = lappend(pstate->p_namespace, again);
	}
	node = transformExpr(pstate, node, EXPR_KIND_WHERE);
	node = coerce_to_boolean(pstate, node, argument);
	assign_expr_collations(pstate, node);
	if (contain_volatile_functions(node))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("it calls a volatile function"),
				 errhint("A row must not fail at one time and not at another. If the function only reads, declare it STABLE.")));
	relation_close(source, NoLock);
	free_parsestate(pstate);
	return node;
}

static bool
NoteFunction(Oid function, void *contents)
{
	((Contents *) contents)->functions = lappend_oid(((Contents *) contents)->functions, function);
	return false;
}

/* Collects the relation's columns and all functions */
static bool
CollectContents(Node *node, Contents *contents)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varlevelsup == contents->depth && var->varno == 1)
			contents->columns = bms_add_member(contents->columns,
											   var->varattno - FirstLowInvalidHeapAttributeNumber);
		return false;
	}
	if (IsA(node, Query))
	{
		contents->depth++;
		query_tree_walker((Query *) node, CollectContents, contents, 0);
		contents->depth--;
		return false;
	}
	check_functions_in_node(node, NoteFunction, contents);
	return expression_tree_walker(node, CollectContents, contents);
}

/*
 * Reads a condition.  Written down with pg_catalog as the only search path,
 * every other name is qualified, but a few forms (IS DISTINCT FROM, NULLIF,
 * CASE x WHEN) cannot say which operator they mean: reading it again must find
 * the same functions.
 */
static void
ReadExpression(void *data)
{
	Reading    *reading = data;
	Node	   *node = Analyse(reading->argument, reading->relation, reading->text);
	Contents	contents = {0},
				again = {0};
	char	   *sql;
	int			level;

	CollectContents(node, &contents);
	level = FmaFixNames();
	sql = deparse_expression(node, deparse_context_for(ALIAS, reading->relation), true, false);
	CollectContents(Analyse(reading->argument, reading->relation, sql), &again);
	AtEOXact_GUC(false, level);
	if (!equal(contents.functions, again.functions))
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_FUNCTION),
				 errmsg("IS DISTINCT FROM, NULLIF or CASE compares by an operator outside pg_catalog"),
				 errhint("Write the comparison out with =, or make a view.")));
	reading->expression->sql = sql;
	reading->expression->columns = contents.columns;
}

/*
 * Reads a condition over a relation: one boolean expression, neither volatile
 * nor with aggregates, window functions or sets.  Its names are looked up by
 * the current search path.  False, and a problem, if it is not that.
 */
bool
FmaReadExpression(FmaProblems *problems, const char *argument, Oid relation, const char *text, FmaExpression *expression)
{
	Reading		reading = {argument, relation, text, expression};

	return FmaTryNoting(problems, argument, ReadExpression, &reading);
}
