/*
 * query.c
 *		Runs a caller's query and hands its rows to a finder as they come.
 *
 * The query runs with the caller's rights and search_path, in the snapshot of
 * the statement that called the finder.  The transaction is read-only for the
 * call: SPI's read-only flag alone would let a volatile function write.
 */
#include "query.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/cmdtag.h"
#include "tcop/dest.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#define SEARCH_MEMORY_DEFAULT_KB (1024 * 1024)
#define SEARCH_MEMORY_MIN_KB 1024

static int	search_memory_kb = SEARCH_MEMORY_DEFAULT_KB;

/* A receiver of rows that passes them on to a finder's reader */
typedef struct RowReceiver
{
	DestReceiver pub;
	FmaRowReader *reader;
	MemoryContext row_context;
} RowReceiver;

/* Defines the setting; called when the module is loaded */
void
FmaDefineSearchMemory(void)
{
	DefineCustomIntVariable("fma.search_memory",
							"Sets the memory that one search for failures may use.",
							"The finders keep the columns of their query in memory, at one or two bytes a row and column.",
							&search_memory_kb,
							SEARCH_MEMORY_DEFAULT_KB,
							SEARCH_MEMORY_MIN_KB,
							MAX_KILOBYTES,
							PGC_USERSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);
}

Size
FmaSearchMemory(void)
{
	return (Size) search_memory_kb * 1024;
}

static void
ReceiverStartup(DestReceiver *self, int operation, TupleDesc columns)
{
	RowReceiver *receiver = (RowReceiver *) self;

	receiver->reader->start(receiver->reader, columns);
}

/* Passes one row on; the executor's own context would keep what it allocates */
static bool
ReceiverRow(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext caller = MemoryContextSwitchTo(receiver->row_context);

	receiver->reader->row(receiver->reader, slot);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(receiver->row_context);
	return true;
}

static void
ReceiverNothing(DestReceiver *self)
{
}

/* Parses the query and refuses what is not exactly one SELECT */
static SPIPlanPtr
PrepareSelect(const char *query, bool parallel)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(query, 0, NULL, parallel ? CURSOR_OPT_PARALLEL_OK : 0);
	List	   *sources;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	sources = SPI_plan_get_plan_sources(plan);
	if (list_length(sources) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query must be exactly one SELECT"),
				 errdetail("It has %d statements.", list_length(sources))));

	CachedPlanSource *source = (CachedPlanSource *) linitial(sources);

	if (source->commandTag != CMDTAG_SELECT || source->resultDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query must be exactly one SELECT"),
				 errdetail("It is a command of type %s.",
						   source->commandTag == CMDTAG_SELECT ? "SELECT INTO" : GetCommandTagName(source->commandTag))));

	Query	   *select = linitial_node(Query, source->query_list);

	if (select->hasModifyingCTE || select->rowMarks != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query must only read"),
				 errdetail("It has %s.", select->hasModifyingCTE ? "a WITH clause that writes" : "a locking clause")));
	return plan;
}

/*
 * Runs a query, which must be one SELECT, and hands every row to the reader.
 * Errors in the query are reported with their position in it.
 *
 * The transaction is read-only meanwhile.  That is set through the variable
 * behind the setting, since PostgreSQL 16 and later refuse to change the setting
 * for a part of a transaction; the query itself cannot turn it off again.
 */
void
FmaReadQuery(const char *query, FmaRowReader *reader)
{
	RowReceiver receiver = {{ReceiverRow, ReceiverStartup, ReceiverNothing, ReceiverNothing, DestNone}};
	SPIExecuteOptions options = {0};
	bool		was_read_only = XactReadOnly;

	receiver.reader = reader;
	receiver.row_context = AllocSetContextCreate(CurrentMemoryContext, "fma row", ALLOCSET_DEFAULT_SIZES);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	options.read_only = true;
	options.dest = &receiver.pub;
	XactReadOnly = true;
	PG_TRY();
	{
		int			result = SPI_execute_plan_extended(PrepareSelect(query, reader->parallel), &options);

		if (result < 0)
			elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	}
	PG_FINALLY();
	{
		XactReadOnly = was_read_only;
	}
	PG_END_TRY();
	SPI_finish();
	MemoryContextDelete(receiver.row_context);
}
