/*
 * conditions.h
 *		Conditions as SQL, as JSON, and as a person reads them.
 */
#ifndef FMA_CONDITIONS_H
#define FMA_CONDITIONS_H

#include "encode.h"

#include "lib/stringinfo.h"

extern int	FmaFixLiterals(void);
extern void FmaConditionPredicate(StringInfo out, FmaEncoding *encoding, FmaFeature *feature, FmaCondition *condition);
extern void FmaValuesPredicate(StringInfo out, FmaColumn *column, const char **values, int n);
extern void FmaConditionJson(StringInfo out, FmaEncoding *encoding, FmaFeature *feature, FmaCondition *condition);
extern const char *FmaFeatureName(const FmaFeature *feature);
extern bool FmaComparable(const FmaFeature *feature);
extern void FmaConditionText(StringInfo out, FmaFeature *feature, FmaCondition *condition);

/* The parts of a predicate */
extern void FmaAppendOperator(StringInfo out, Oid operator, Oid type);
extern void FmaAppendLiteral(StringInfo out, Oid type, Oid equals, const char *value);
extern const char *FmaNullTest(Oid type, bool isnull);

#endif							/* FMA_CONDITIONS_H */
