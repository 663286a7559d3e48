/*
 * plots.c
 *		Charts as wide as the page: the confidence curve and the timeline.
 */
#include "charts.h"

#include "miscadmin.h"

/* Heights in pixels */
#define PLOT_TOP 30
#define PLOT_HEIGHT 200
#define PLOT_BOTTOM (PLOT_TOP + PLOT_HEIGHT)
#define VOLUME_TOP (PLOT_BOTTOM + 12)
#define VOLUME_HEIGHT 28
#define TICK_HEIGHT 20

/* Where data begins and ends, in percent of the width: labels of the axis stand before it */
#define PLOT_LEFT 6.0
#define PLOT_RIGHT 99.0

/* The stretched image within has ten units for a percent */
#define UNITS 10

/* Points beyond which a line alone can be seen */
#define MAX_DOTS 400
/* And the most that are drawn */
#define MAX_POINTS 1500
#define MAX_CHANGES 20

/* Changes close together have their dates on different lines */
#define LABEL_LINES 2

/* The threshold where the names of the curves stand */
#define NAME_AT 0.3

/* Dates along the axis */
#define DATE_TICKS 4

/* A period of the timeline */
typedef struct Point
{
	FmaNode    *row;
	double		x;				/* percent of the width */
	double		rate;
	double		low;
	double		high;
	double		n;
} Point;

typedef struct Timeline
{
	FmaPage    *page;
	Point	   *points;
	int			count;
	const char *key;			/* of the rate */
	double		y_max;
	bool		has_times;
	TimestampTz first;
	TimestampTz last;
} Timeline;

static double
PlotX(double part)
{
	return PLOT_LEFT + Max(0, Min(1, part)) * (PLOT_RIGHT - PLOT_LEFT);
}

static double
PlotY(double value, double max)
{
	return PLOT_BOTTOM - Max(0, Min(1, value / max)) * PLOT_HEIGHT;
}

/* Begins a chart: its size, its name, and lines at round values */
static void
PutFrame(StringInfo out, const char *name, int height, double y_max, bool is_share)
{
	double		step = FmaAxisStep(y_max, 4);

	appendStringInfo(out, "<svg class=\"plot\" width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n", height, name);
	for (int i = 0; i * step <= y_max * 1.0001; i++)
	{
		double		y = PlotY(i * step, y_max);

		appendStringInfo(out, "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"tick\" x=\"0\" y=\"%.1f\">",
						 i == 0 ? "rule" : "grid", y, y, y - 4);
		FmaPutFigure(out, is_share ? FmaRoundPercentText(i * step) : psprintf("%g", i * step));
		FmaPut(out, "</text>\n");
	}
}

/* The image within, which is stretched */
static void
BeginStretched(StringInfo out, int height)
{
	appendStringInfo(out, "<svg class=\"stretched\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\n",
					 height, 100 * UNITS, height);
}

/* A text beneath the axis: one at an edge does not reach beyond it */
static void
BeginTick(StringInfo out, double x, int y, const char *anchor)
{
	appendStringInfo(out, "<text class=\"tick%s\" x=\"%.2f%%\" y=\"%d\">", anchor, x, y);
}

/* One line of the confidence curve */
static void
PutCurveLine(StringInfo out, FmaNode *curve, const char *key)
{
	int			length = Min(FmaListLength(curve), MAX_POINTS);
	double		last = NAN;

	appendStringInfo(out, "<path class=\"line %s\" d=\"", key);
	for (int i = 0; i < length; i++)
	{
		FmaNode    *row = FmaListObject(curve, i);
		double		threshold = FmaNodeNumber(row, "threshold");
		double		value = FmaNodeNumber(row, key);

		/* Points within a level stretch add nothing. */
		if (isnan(threshold) || isnan(value) || (value == last && value == FmaNodeNumber(FmaListObject(curve, i + 1), key)))
			continue;
		appendStringInfo(out, "%s%.0f %.1f", isnan(last) ? "M" : " ", PlotX(threshold) * UNITS, PlotY(value, 1));
		last = value;
	}
	FmaPut(out, "\"/>\n");
}

/* The value of a curve where its name stands, or NaN */
static double
NamedValue(FmaNode *curve, const char *key)
{
	for (int i = 0; i < FmaListLength(curve); i++)
		if (FmaNodeNumber(FmaListObject(curve, i), "threshold") >= NAME_AT)
			return FmaNodeNumber(FmaListObject(curve, i), key);
	return NAN;
}

/* The name of a line, above or below it */
static void
PutCurveName(StringInfo out, const char *key, const char *name, double value, bool is_above)
{
	if (!isnan(value))
		appendStringInfo(out, "<text class=\"name %s mid\" x=\"%.1f%%\" y=\"%.1f\">%s</text>\n",
						 key, PlotX(NAME_AT), PlotY(value, 1) + (is_above ? -8 : 18), name);
}

/* Appends the confidence curve: what is left, and how right it is, from each confidence on */
void
FmaPutCurveChart(StringInfo out, FmaNode *curve)
{
	double		coverage = NamedValue(curve, "coverage");
	double		accuracy = NamedValue(curve, "accuracy");
	int			height = PLOT_BOTTOM + TICK_HEIGHT + 20;

	PutFrame(out, "Accuracy and coverage by least confidence; the table below has the numbers", height, 1, true);
	BeginStretched(out, height);
	PutCurveLine(out, curve, "coverage");
	PutCurveLine(out, curve, "accuracy");
	FmaPut(out, "</svg>\n");
	PutCurveName(out, "coverage", "coverage", coverage, coverage > accuracy);
	PutCurveName(out, "accuracy", "accuracy", accuracy, !(coverage > accuracy));
	for (int i = 0; i <= 5; i++)
	{
		BeginTick(out, PlotX(i / 5.0), PLOT_BOTTOM + 16, i == 5 ? " end" : " mid");
		appendStringInfo(out, "%d%s</text>", i * 20, i == 5 ? "&#8239;%" : "");
	}
	appendStringInfo(out, "<text class=\"axis mid\" x=\"50%%\" y=\"%d\">Only predictions with at least this confidence</text></svg>\n", height - 4);
}

/* A time's place on the axis */
static double
TimeX(const Timeline *timeline, TimestampTz time)
{
	if (timeline->last <= timeline->first)
		return PlotX(0.5);
	return PlotX((double) (time - timeline->first) / (double) (timeline->last - timeline->first));
}

/* Reads the points: the last of them, where there are too many */
static void
ReadPoints(Timeline *timeline, FmaNode *list)
{
	int			length = FmaListLength(list);

	timeline->points = palloc_array(Point, Max(Min(length, MAX_POINTS), 1));
	timeline->has_times = true;
	timeline->y_max = 0;
	for (int i = Max(0, length - MAX_POINTS); i < length; i++)
	{
		FmaNode    *row = FmaListObject(list, i);
		Point		point = {
			.row = row,
			.rate = FmaNodeNumber(row, timeline->key),
			.low = FmaNodeNumber(row, "ci_low"),
			.high = FmaNodeNumber(row, "ci_high"),
			.n = FmaNodeNumber(row, "n")
		};
		TimestampTz time;

		if (isnan(point.rate))
			continue;
		if (!FmaNodeTime(row, "time", &time))
			timeline->has_times = false;
		else
		{
			timeline->first = timeline->count == 0 ? time : Min(timeline->first, time);
			timeline->last = timeline->count == 0 ? time : Max(timeline->last, time);
		}
		timeline->y_max = Max(timeline->y_max, point.rate);
		timeline->points[timeline->count++] = point;
	}
}

/* Gives the points their places, and the axis its end */
static void
PlacePoints(Timeline *timeline)
{
	double		highest = 0;
	double		step;

	for (int i = 0; i < timeline->count; i++)
	{
		Point	   *point = &timeline->points[i];
		TimestampTz time;

		if (timeline->has_times && FmaNodeTime(point->row, "time", &time))
			point->x = TimeX(timeline, time);
		else
			point->x = PlotX(timeline->count < 2 ? 0.5 : (double) i / (timeline->count - 1));
		if (!isnan(point->high))
			highest = Max(highest, point->high);
	}
	/* The intervals of periods with few rows would flatten all others: they end at the edge. */
	timeline->y_max = Min(Max(highest, timeline->y_max), timeline->y_max * 1.6);
	if (!(timeline->y_max > 0))
		timeline->y_max = 1;
	step = FmaAxisStep(timeline->y_max, 4);
	timeline->y_max = ceil(timeline->y_max / step) * step;
	if (!timeline->page->is_loss)
		timeline->y_max = Min(timeline->y_max, 1);
}

/* The band of the intervals: along their upper ends, and back along the lower */
static void
PutBand(const Timeline *timeline)
{
	StringInfo	out = timeline->page->out;
	bool		is_first = true;

	FmaPut(out, "<path class=\"band\" d=\"");
	for (int i = 0; i < timeline->count; i++)
	{
		const Point *point = &timeline->points[i];

		if (isnan(point->low) || isnan(point->high))
			continue;
		appendStringInfo(out, "%s%.1f %.1f", is_first ? "M" : " ", point->x * UNITS, PlotY(point->high, timeline->y_max));
		is_first = false;
	}
	for (int i = timeline->count - 1; i >= 0; i--)
	{
		const Point *point = &timeline->points[i];

		if (!isnan(point->low) && !isnan(point->high))
			appendStringInfo(out, " %.1f %.1f", point->x * UNITS, PlotY(point->low, timeline->y_max));
	}
	appendStringInfo(out, "%s\"/>\n", is_first ? "" : "Z");
}

/* The line, and below it how many rows each period has */
static void
PutLine(const Timeline *timeline)
{
	StringInfo	out = timeline->page->out;
	double		most = 1;

	FmaPut(out, "<path class=\"line rate\" d=\"");
	for (int i = 0; i < timeline->count; i++)
	{
		const Point *point = &timeline->points[i];

		appendStringInfo(out, "%s%.1f %.1f", i == 0 ? "M" : " ", point->x * UNITS, PlotY(point->rate, timeline->y_max));
		if (point->n > most)
			most = point->n;
	}
	FmaPut(out, "\"/>\n<path class=\"volume\" d=\"");
	for (int i = 0; i < timeline->count; i++)
	{
		const Point *point = &timeline->points[i];

		if (point->n > 0)
			appendStringInfo(out, "M%.1f %dV%.1f", point->x * UNITS, VOLUME_TOP + VOLUME_HEIGHT,
							 VOLUME_TOP + VOLUME_HEIGHT * (1 - point->n / most));
	}
	FmaPut(out, "\"/>\n");
}

/* The rates before and after each change, as levels */
static void
PutLevels(const Timeline *timeline, FmaNode *changes)
{
	StringInfo	out = timeline->page->out;

	for (int i = 0; i < Min(FmaListLength(changes), MAX_CHANGES); i++)
	{
		FmaNode    *change = FmaListObject(changes, i);
		double		before = FmaNodeNumber(change, "rate_before");
		double		after = FmaNodeNumber(change, "rate_after");
		TimestampTz time,
					from,
					to;

		if (isnan(before) || isnan(after) || !FmaNodeTime(change, "time", &time))
			continue;
		if (!FmaNodeTime(change, "starts_at", &from))
			from = timeline->first;
		if (!FmaNodeTime(change, "ends_at", &to))
			to = timeline->last;
		appendStringInfo(out, "<path class=\"level\" d=\"M%.1f %.1fH%.1fM%.1f %.1fH%.1f\"/>\n",
						 TimeX(timeline, from) * UNITS, PlotY(before, timeline->y_max), TimeX(timeline, time) * UNITS,
						 TimeX(timeline, time) * UNITS, PlotY(after, timeline->y_max), TimeX(timeline, to) * UNITS);
	}
}

/* When the changes were */
static void
PutChanges(const Timeline *timeline, FmaNode *changes)
{
	StringInfo	out = timeline->page->out;

	for (int i = 0; i < Min(FmaListLength(changes), MAX_CHANGES); i++)
	{
		FmaNode    *change = FmaListObject(changes, i);
		double		before = FmaNodeNumber(change, "rate_before");
		double		after = FmaNodeNumber(change, "rate_after");
		TimestampTz time;
		double		x;

		if (!FmaNodeTime(change, "time", &time))
			continue;
		x = TimeX(timeline, time);
		appendStringInfo(out, "<line class=\"change\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/><text class=\"name change%s\" x=\"%.2f%%\" y=\"%d\">",
						 x, x, 16 + 12 * (i % LABEL_LINES), PLOT_BOTTOM, x > 80 ? " end" : x > 20 ? " mid" : "", x, 12 + 12 * (i % LABEL_LINES));
		FmaPutText(out, FmaTimeText(time, timeline->page->zone));
		if (!isnan(before) && !isnan(after))
		{
			FmaPut(out, ": ");
			FmaPutFigure(out, FmaRateFormat(timeline->page) (before));
			FmaPut(out, " &rarr; ");
			FmaPutFigure(out, FmaRateFormat(timeline->page) (after));
		}
		FmaPut(out, "</text>\n");
	}
}

/* The points, each of which says what it is to a pointer that rests on it */
static void
PutDots(const Timeline *timeline)
{
	StringInfo	out = timeline->page->out;
	char	   *(*format) (double value) = FmaRateFormat(timeline->page);

	FmaPut(out, "<g class=\"dots\">\n");
	for (int i = 0; i < timeline->count; i++)
	{
		const Point *point = &timeline->points[i];
		TimestampTz time;

		CHECK_FOR_INTERRUPTS();
		appendStringInfo(out, "<circle cx=\"%.1f%%\" cy=\"%.0f\" r=\"2.5\"><title>", point->x, PlotY(point->rate, timeline->y_max));
		if (FmaNodeTime(point->row, "time", &time))
			appendStringInfo(out, "%s: ", FmaTimeText(time, timeline->page->zone));
		FmaPutFigure(out, format(point->rate));
		if (!isnan(point->low) && !isnan(point->high))
		{
			FmaPut(out, " (");
			FmaPutInterval(out, point->low, point->high, format);
			FmaPut(out, ")");
		}
		FmaPut(out, ", ");
		FmaPutFigure(out, FmaCountText(point->n));
		appendStringInfo(out, " %s</title></circle>\n", timeline->page->rows);
	}
	FmaPut(out, "</g>\n");
}

/* Dates along the axis */
static void
PutDates(const Timeline *timeline, int y)
{
	int			last = Min(DATE_TICKS, timeline->count) - 1;

	for (int i = 0; i <= last; i++)
	{
		const Point *point = &timeline->points[last == 0 ? 0 : (int) ((int64) i * (timeline->count - 1) / last)];
		TimestampTz time;

		if (!FmaNodeTime(point->row, "time", &time))
			continue;
		BeginTick(timeline->page->out, point->x, y, i == 0 && last > 0 ? "" : i == last && last > 0 ? " end" : " mid");
		FmaPutText(timeline->page->out, FmaTimeText(time, timeline->page->zone));
		FmaPut(timeline->page->out, "</text>\n");
	}
}

/* Appends the rates of the periods with their intervals, and when they changed */
void
FmaPutTimelineChart(FmaPage *page, FmaNode *list, FmaNode *changes)
{
	Timeline	timeline = {.page = page, .key = page->is_loss ? "mae" : "failure_rate"};
	int			height = VOLUME_TOP + VOLUME_HEIGHT + TICK_HEIGHT;
	StringInfo	out = page->out;

	ReadPoints(&timeline, list);
	if (timeline.count == 0)
		return;
	PlacePoints(&timeline);
	PutFrame(out, "Failures by time; the tables below have the numbers", height, timeline.y_max, !page->is_loss);
	if (!isnan(page->baseline))
		appendStringInfo(out, "<line class=\"base\" x1=\"%.1f%%\" x2=\"%.1f%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n", PLOT_LEFT, PLOT_RIGHT,
						 PlotY(page->baseline, timeline.y_max), PlotY(page->baseline, timeline.y_max));
	BeginStretched(out, height);
	PutBand(&timeline);
	PutLine(&timeline);
	if (timeline.has_times)
		PutLevels(&timeline, changes);
	FmaPut(out, "</svg>\n");
	if (timeline.count <= MAX_DOTS)
		PutDots(&timeline);
	if (timeline.has_times)
		PutChanges(&timeline, changes);
	PutDates(&timeline, height - 5);
	FmaPut(out, "</svg>\n");
}
