/*
 * dictionary.h
 *		The distinct values of a column, numbered as they come.
 */
#ifndef FMA_DICTIONARY_H
#define FMA_DICTIONARY_H

#include "fma.h"

/* How the values of a type are told apart */
typedef enum FmaEquality
{
	FMA_BY_KEY,					/* as 64-bit keys, in the order of the values */
	FMA_BY_BYTES,				/* text of a deterministic collation */
	FMA_BY_HASH,				/* by the type's hash and equality functions */
	FMA_BY_ORDER				/* by its comparison function alone */
} FmaEquality;

/* What is charged for the memory of a search */
typedef struct FmaBudget
{
	Size		used;
	Size		limit;
	int64		rows;			/* read so far, for the error */
} FmaBudget;

extern void FmaCharge(FmaBudget *budget, Size bytes);
extern void FmaRelease(FmaBudget *budget, Size bytes);

typedef struct FmaDictionary
{
	FmaEquality equality;
	Oid			type;			/* domains resolved */
	Oid			collation;
	int16		length;
	bool		by_value;
	Oid			equals_operator;
	FmgrInfo	equals;
	FmgrInfo	hash;
	FmgrInfo	compare;
	bool		has_compare;
	FmgrInfo	output;

	MemoryContext context;		/* where the values live */
	FmaBudget  *budget;
	uint32		nvalues;
	uint32		capacity;
	Datum	   *values;			/* keys, if FMA_BY_KEY */
	uint32	   *hashes;
	uint32	   *slots;			/* 1 + number of a value; sorted numbers if FMA_BY_ORDER */
	uint32		nslots;			/* a power of two */
} FmaDictionary;

extern bool FmaCanBeCondition(Oid type);
extern void FmaDictionaryInit(FmaDictionary *dictionary, Oid type, Oid collation, const char *name, FmaBudget *budget);
extern uint32 FmaDictionaryNumber(FmaDictionary *dictionary, Datum value);
extern int	FmaDictionaryCompare(FmaDictionary *dictionary, uint32 a, uint32 b);
extern char *FmaDictionaryText(FmaDictionary *dictionary, uint32 number);

/* The 64-bit key of a value of a type that has one, and back */
extern uint64 FmaKeyOf(Oid type, Datum value);
extern Datum FmaKeyValue(Oid type, uint64 key);
extern int	FmaCompareKeys(const void *a, const void *b);

/* The key of NaN: above every other, as in PostgreSQL's order */
#define FMA_KEY_NAN PG_UINT64_MAX

#endif							/* FMA_DICTIONARY_H */
