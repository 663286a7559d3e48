/*
 * expression.h
 *		A condition over the rows of a relation, as a registrant writes it.
 */
#ifndef FMA_EXPRESSION_H
#define FMA_EXPRESSION_H

#include "problems.h"

#include "nodes/bitmapset.h"

/* What became of a condition */
typedef struct FmaExpression
{
	char	   *sql;			/* over the alias t, every name qualified */
	Bitmapset  *columns;		/* attribute numbers, as pull_varattnos offsets them */
} FmaExpression;

extern bool FmaReadExpression(FmaProblems *problems, const char *argument, Oid relation, const char *text,
							  FmaExpression *expression);

#endif							/* FMA_EXPRESSION_H */
