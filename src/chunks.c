/*
 * chunks.c
 *		Columns that grow while a query is read.
 */
#include "chunks.h"

#include "utils/memutils.h"

/* Prepares a column that grows, in the current memory context */
void
FmaChunksInit(FmaChunks *chunks, Size width, bool with_nulls)
{
	chunks->width = width;
	chunks->with_nulls = with_nulls;
	chunks->nchunks = 0;
	chunks->capacity = 8;
	chunks->context = CurrentMemoryContext;
	chunks->chunks = palloc(sizeof(char *) * chunks->capacity);
}

static Size
ChunkSize(const FmaChunks *chunks)
{
	return chunks->width * FMA_CHUNK_ROWS + (chunks->with_nulls ? FMA_CHUNK_ROWS / 8 : 0);
}

/* Adds a chunk for the rows to come */
void
FmaAddChunk(FmaChunks *chunks, FmaBudget *budget)
{
	if (chunks->nchunks == chunks->capacity)
	{
		chunks->capacity *= 2;
		chunks->chunks = repalloc(chunks->chunks, sizeof(char *) * chunks->capacity);
	}
	FmaCharge(budget, ChunkSize(chunks));
	chunks->chunks[chunks->nchunks++] = MemoryContextAllocZero(chunks->context, ChunkSize(chunks));
}

void
FmaFreeChunks(FmaChunks *chunks, FmaBudget *budget)
{
	for (int i = 0; i < chunks->nchunks; i++)
		pfree(chunks->chunks[i]);
	FmaRelease(budget, ChunkSize(chunks) * chunks->nchunks);
	chunks->nchunks = 0;
}
