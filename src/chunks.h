/*
 * chunks.h
 *		Columns that grow while a query is read.
 */
#ifndef FMA_CHUNKS_H
#define FMA_CHUNKS_H

#include "fma.h"

#include "dictionary.h"

/* Rows in a chunk of a column, while the query is being read */
#define FMA_CHUNK_ROWS 8192

/* A column whose length is not known before it ends */
typedef struct FmaChunks
{
	Size		width;			/* bytes a row */
	bool		with_nulls;		/* a bit a row beside the values */
	int			nchunks;
	int			capacity;
	MemoryContext context;
	char	  **chunks;
} FmaChunks;

extern void FmaChunksInit(FmaChunks *chunks, Size width, bool with_nulls);
extern void FmaAddChunk(FmaChunks *chunks, FmaBudget *budget);
extern void FmaFreeChunks(FmaChunks *chunks, FmaBudget *budget);

/* Makes room for a row and returns its chunk; rows come in their order */
static inline char *
FmaChunkFor(FmaChunks *chunks, FmaBudget *budget, int64 row)
{
	if (unlikely(row / FMA_CHUNK_ROWS >= chunks->nchunks))
		FmaAddChunk(chunks, budget);
	return chunks->chunks[row / FMA_CHUNK_ROWS];
}

#endif							/* FMA_CHUNKS_H */
