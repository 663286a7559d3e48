/*
 * figures.h
 *		Numbers and times as a person reads them, in plain ASCII.
 */
#ifndef FMA_FIGURES_H
#define FMA_FIGURES_H

#include "report_values.h"

#include "pgtime.h"

/* Each returns a palloc'd string, "" for NaN */
extern char *FmaPercentText(double share);
extern char *FmaRoundPercentText(double share);
extern char *FmaPointsText(double difference);
extern char *FmaPlainPointsText(double difference);
extern char *FmaCountText(double count);
extern char *FmaNumberText(double value);
extern char *FmaPText(double p);
extern char *FmaExactText(double value);

extern pg_tz *FmaReportZone(FmaNode *report);
extern char *FmaTimeText(TimestampTz time, pg_tz *zone);

#endif							/* FMA_FIGURES_H */
