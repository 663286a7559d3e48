/*
 * report_values.h
 *		Reading a report, which is JSON from anywhere.
 *
 * Everything in a report is optional: a key that is missing, null or of
 * another type than it should be reads as NULL, NaN or "unknown", and never
 * is an error.  A node is an object or a list within the report; NULL stands
 * for one that is not there, and everything can be asked of it.
 */
#ifndef FMA_REPORT_VALUES_H
#define FMA_REPORT_VALUES_H

#include "fma.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

typedef JsonbContainer FmaNode;

/* true, false, or neither */
typedef enum FmaTruth
{
	FMA_UNKNOWN, FMA_FALSE, FMA_TRUE
} FmaTruth;

extern FmaNode *FmaOpenReport(Jsonb *report);

/* What an object has under a key */
extern FmaNode *FmaNodeObject(FmaNode *object, const char *key);
extern FmaNode *FmaNodeList(FmaNode *object, const char *key);
extern char *FmaNodeText(FmaNode *object, const char *key);
extern double FmaNodeNumber(FmaNode *object, const char *key);
extern FmaTruth FmaNodeTruth(FmaNode *object, const char *key);
extern bool FmaNodeTime(FmaNode *object, const char *key, TimestampTz *time);

/* The elements of a list, from 0 */
extern int	FmaListLength(FmaNode *list);
extern FmaNode *FmaListObject(FmaNode *list, int i);
extern FmaNode *FmaListList(FmaNode *list, int i);
extern char *FmaListText(FmaNode *list, int i);
extern double FmaListNumber(FmaNode *list, int i);

extern bool FmaParseTime(const char *text, TimestampTz *time);

#endif							/* FMA_REPORT_VALUES_H */
