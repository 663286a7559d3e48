/*
 * embedded.h
 *		The rows of a query that have an embedding, and the texts that go with them.
 */
#ifndef FMA_EMBEDDED_H
#define FMA_EMBEDDED_H

#include "fma.h"

#include "dictionary.h"
#include "neighbours.h"
#include "query.h"

/* The texts of a row, as the query has them: id, then the embedding, then label and set */
typedef enum FmaEmbeddedColumn
{
	FMA_EMBEDDED_ID,
	FMA_EMBEDDED_LABEL,
	FMA_EMBEDDED_SET,
	FMA_EMBEDDED_TEXTS			/* how many there can be */
} FmaEmbeddedColumn;

typedef struct FmaEmbedded
{
	FmaRowReader reader;
	FmaBudget	budget;
	MemoryContext context;
	FmaPoints	points;

	/* the query's columns */
	int			max_texts;
	int			ntexts;
	FmgrInfo	output[FMA_EMBEDDED_TEXTS];
	char	   *column;			/* the embedding's name */
	bool		has_cast;		/* it becomes real[] by a cast of its own */
	int			cast_arguments;
	FmgrInfo	cast;
	float	   *scratch;		/* a row in single precision */

	/* the texts of all rows, one after another, and where each row's begin */
	Size	   *start;
	Size		start_room;
	char	   *texts;
	Size		texts_used;
	Size		texts_room;

	/* rows left out */
	int64		missing;		/* no embedding */
	int64		zero;			/* an embedding without a direction */
} FmaEmbedded;

extern FmaEmbedded *FmaReadEmbedded(const char *query, int max_texts);
extern const char *FmaEmbeddedText(const FmaEmbedded *embedded, uint32 row, int text);

#endif							/* FMA_EMBEDDED_H */
