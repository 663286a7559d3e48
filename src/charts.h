/*
 * charts.h
 *		Charts of a report's page, as SVG that needs no script.
 *
 * Those as wide as the page place points by percentages of the width, so that
 * their text stays as large on a telephone as on a wide screen; what needs
 * lines between points is an image within, stretched to that width.
 */
#ifndef FMA_CHARTS_H
#define FMA_CHARTS_H

#include "page.h"

/* A bar with its interval, against a line that all bars of a table share */
typedef struct FmaBar
{
	double		value;
	double		low;			/* the interval, or NaN */
	double		high;
	double		baseline;		/* NaN: no line */
	double		max;			/* the value at the end of the scale */
} FmaBar;

extern void FmaPutBar(StringInfo out, const FmaBar *bar);
extern void FmaPutReliability(StringInfo out, FmaNode *bins);
extern void FmaPutCurveChart(StringInfo out, FmaNode *curve);
extern void FmaPutTimelineChart(FmaPage *page, FmaNode *points, FmaNode *changes);
extern bool FmaPutMap(FmaPage *page, FmaNode *places, FmaNode *clusters);

/* Round numbers for an axis from 0 to at least "max": their distance */
extern double FmaAxisStep(double max, int ticks);

#endif							/* FMA_CHARTS_H */
