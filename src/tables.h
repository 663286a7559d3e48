/*
 * tables.h
 *		Contingency tables of codes, counted over blocks of rows.
 */
#ifndef FMA_TABLES_H
#define FMA_TABLES_H

#include "search.h"

/*
 * Tallies of all cells of a table of codes.  A word of "pass" holds the count in
 * its low bits and a sum of random numbers, one for each row, in the others: two slices of the same rows
 * have the same sums.  A boolean loss has the failing rows in "fail".
 */
typedef struct FmaTable
{
	int64		ncells;
	uint64	   *fail;
	uint64	   *pass;
	int128	   *sum;
	int128	   *square;
} FmaTable;

/* Whether losses are added up; failures are merely counted */
static inline bool
FmaIsReal(FmaSearch *search)
{
	return search->encoding->loss != NULL;
}

extern Size FmaCellSize(FmaSearch *search);
extern FmaTable *FmaNewTable(FmaSearch *search, int64 ncells);
extern void FmaFreeTable(FmaSearch *search, FmaTable *table);
extern void FmaCountTable(FmaSearch *search, const FmaFeature *const *features, int order, FmaTable *table);
extern FmaTable *FmaExpandTable(FmaSearch *search, const FmaFeature *const *features, int order, FmaTable *table);
extern FmaTally FmaTallyAt(FmaSearch *search, const FmaTable *table, int64 cell);
extern FmaTally FmaSumBox(FmaSearch *search, const FmaSlice *slice, const FmaTable *table, int left_out);
extern void FmaTallyAll(FmaSearch *search);
extern FmaTally *FmaCountConditions(FmaSearch *search, const FmaFeature *const *features, int order);
extern FmaTally *FmaTakeTallies(FmaSearch *search, const FmaFeature *const *features, int order, FmaTable *table);
extern void FmaFreeTallies(FmaSearch *search, FmaTally *tallies, int64 n);
extern void FmaMakeWeights(FmaSearch *search);
extern void FmaCountTriples(FmaSearch *search, int a, int b, int first_c, int end_c, const uint32 *numbers, FmaTable **tables);

#endif							/* FMA_TABLES_H */
