/*
 * query.h
 *		Runs a caller's query and hands its rows to a finder as they come.
 */
#ifndef FMA_QUERY_H
#define FMA_QUERY_H

#include "fma.h"

#include "executor/tuptable.h"

/*
 * Who takes the rows.  "start" is called once, before the first row; "row" is
 * called in a memory context that is emptied after every row, so what is to be
 * kept must be copied elsewhere.
 */
typedef struct FmaRowReader
{
	void		(*start) (struct FmaRowReader *reader, TupleDesc columns);
	void		(*row) (struct FmaRowReader *reader, TupleTableSlot *slot);
	bool		parallel;		/* whether workers may help: worth it when few rows come of many */
} FmaRowReader;

extern void FmaReadQuery(const char *query, FmaRowReader *reader);

/* The setting fma.search_memory in bytes */
extern Size FmaSearchMemory(void);
extern void FmaDefineSearchMemory(void);

#endif							/* FMA_QUERY_H */
