/*
 * page_when.c
 *		When and where it fails: periods, batches, clusters, places.
 */
#include "page.h"

#include "charts.h"

/* Rows of the tables beside charts */
#define WORST_PERIODS 6
#define WORST_BATCHES 12
#define WORST_PLACES 10

/* A row and its rate */
typedef struct Rated
{
	int			index;
	double		rate;
} Rated;

/* The highest rate first; the same rates as they come */
static int
CompareRated(const void *a, const void *b)
{
	const Rated *x = a;
	const Rated *y = b;

	if (x->rate != y->rate)
		return x->rate < y->rate ? 1 : -1;
	return x->index - y->index;
}

/* The rate of a period, batch or place */
static const char *
SummaryKey(FmaPage *page)
{
	return page->is_loss ? "mae" : "failure_rate";
}

static const char *
RateName(FmaPage *page)
{
	return page->is_loss ? "Mean absolute error" : "Failure rate";
}

/* The end of the bars of some rows: the widest interval, unless that flattens the bars */
static void
SetBars(FmaPage *page, FmaNode *list, const int *order, int count)
{
	double		rate = isnan(page->baseline) ? 0 : page->baseline;
	double		high = 0;

	for (int i = 0; i < count; i++)
	{
		FmaNode    *row = FmaListObject(list, order == NULL ? i : order[i]);
		double		row_rate = FmaNodeNumber(row, SummaryKey(page));
		double		row_high = FmaNodeNumber(row, "ci_high");

		if (row_rate > rate)
			rate = row_rate;
		if (row_high > high)
			high = row_high;
	}
	page->bar_max = Max(rate, Min(high, 1.5 * rate));
}

/* The rows with the highest rates, these first; how many, and the end of their bars */
static int
FindWorst(FmaPage *page, FmaNode *list, int count, int **order)
{
	int			length = FmaListLength(list);
	Rated	   *rated = palloc_array(Rated, Max(length, 1));
	int			n = 0;

	for (int i = 0; i < length; i++)
	{
		double		rate = FmaNodeNumber(FmaListObject(list, i), SummaryKey(page));

		if (!isnan(rate))
			rated[n++] = (Rated) {i, rate};
	}
	qsort(rated, n, sizeof(Rated), CompareRated);
	n = Min(n, count);
	*order = palloc_array(int, Max(n, 1));
	for (int i = 0; i < n; i++)
		(*order)[i] = rated[i].index;
	SetBars(page, list, *order, n);
	return n;
}

static void
PutChangepoints(FmaPage *page, FmaNode *changes)
{
	const FmaPageColumn columns[] = {
		{"From", FMA_CELL_TIME, "time"},
		{"Before", FMA_CELL_RATE, "rate_before"},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low_before", "ci_high_before"},
		{"After", FMA_CELL_RATE, "rate_after"},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low_after", "ci_high_after"},
		{page->is_loss ? "Difference" : "Difference, points", FMA_CELL_DIFFERENCE, "difference"},
		{"p", FMA_CELL_P, "p_value"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("When the rate changed", columns), .max_rows = 20, .more = "fma_changepoints"};

	if (FmaListLength(changes) == 0)
		FmaPut(page->out, "<p>The rate did not change beyond chance.</p>\n");
	else
		FmaPutTable(page, &table, changes);
}

/* The rate of each period, and when it changed */
void
FmaPutTimeline(FmaPage *page)
{
	FmaNode    *timeline = FmaNodeObject(page->report, "timeline");
	FmaNode    *points = FmaNodeList(timeline, "points");
	FmaNode    *changes = FmaNodeList(timeline, "changepoints");
	const FmaPageColumn columns[] = {
		{"From", FMA_CELL_TIME, "time"},
		{"Against all rows", FMA_CELL_BAR, SummaryKey(page)},
		{RateName(page), FMA_CELL_RATE, SummaryKey(page)},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"}
	};
	FmaPageTable table = {FMA_PAGE_TABLE("The worst periods", columns)};
	int		   *order;
	char	   *period = FmaNodeText(timeline, "period");

	FmaPut(page->out, "<p class=\"about\">");
	appendStringInfoString(page->out, RateName(page));
	if (period != NULL)
	{
		FmaPut(page->out, " by ");
		FmaPutData(page->out, period, FMA_SHOWN_LENGTH);
	}
	if (FmaListMax(points, "ci_high", -1) >= 0)
		FmaPut(page->out, " with 95&nbsp;% intervals");
	FmaPut(page->out, "; dashed: all rows; ");
	if (FmaListLength(changes) > 0)
		FmaPut(page->out, "thick: the level before and after a change; ");
	FmaPut(page->out, "grey: rows of each period.</p>\n<figure>");
	FmaPutTimelineChart(page, points, changes);
	FmaPut(page->out, "</figure>\n");
	PutChangepoints(page, changes);
	table.n_order = FindWorst(page, points, WORST_PERIODS, &order);
	table.order = order;
	FmaPutTable(page, &table, points);
}

/* The rate of each batch */
void
FmaPutBatches(FmaPage *page)
{
	FmaNode    *batches = FmaNodeList(page->report, "batches");
	const FmaPageColumn columns[] = {
		{"Batch", FMA_CELL_TEXT, "batch"},
		{"Against all rows", FMA_CELL_BAR, SummaryKey(page)},
		{RateName(page), FMA_CELL_RATE, SummaryKey(page)},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"},
		{"Macro F1", FMA_CELL_NUMBER, "macro_f1"}
	};
	const bool	is_long = FmaListLength(batches) > WORST_BATCHES;
	FmaPageTable table = {
		FMA_PAGE_TABLE(is_long ? "The worst batches" : "Batches", columns), .is_titled = !is_long, .more = "fma_batches"
	};
	int		   *order;

	table.n_order = FindWorst(page, batches, WORST_BATCHES, &order);
	table.order = order;
	FmaPutTable(page, &table, batches);
}

/* The cluster's number, or that it has none */
static void
PutClusterName(FmaPage *page, FmaNode *row)
{
	double		cluster = FmaNodeNumber(row, "cluster");

	if (isnan(cluster))
		FmaPut(page->out, "<span class=\"none\">no embedding</span>");
	else
		appendStringInfo(page->out, "%.0f", cluster);
}

/* What is confused in a cluster, and how often */
static void
PutConfused(FmaPage *page, FmaNode *row)
{
	double		n = FmaNodeNumber(row, "confused_n");

	FmaPut(page->out, "<span>Most often ");
	FmaPutData(page->out, FmaNodeText(row, "confused_truth"), FMA_SHOWN_LENGTH / 2);
	FmaPut(page->out, " taken for ");
	FmaPutData(page->out, FmaNodeText(row, "confused_prediction"), FMA_SHOWN_LENGTH / 2);
	if (!isnan(n))
	{
		FmaPut(page->out, ", ");
		FmaPutFigure(page->out, FmaCountText(n));
		FmaPut(page->out, "&nbsp;&times;");
	}
	FmaPut(page->out, "</span> ");
}

/* The rules that a cluster breaks */
static void
PutBreaches(FmaPage *page, FmaNode *row)
{
	FmaNode    *rules = FmaNodeList(page->report, "rules");
	char	   *cluster = FmaNodeText(row, "cluster");
	int			count = 0;

	for (int i = 0; cluster != NULL && i < FmaListLength(rules); i++)
	{
		FmaNode    *rule = FmaListObject(rules, i);
		char	   *segment_by = FmaNodeText(rule, "segment_by");
		char	   *segment = FmaNodeText(rule, "segment");

		if (FmaNodeTruth(rule, "passed") == FMA_FALSE && segment_by != NULL && strcmp(segment_by, "cluster") == 0 &&
			segment != NULL && strcmp(segment, cluster) == 0)
			count++;
	}
	if (count > 0)
		appendStringInfo(page->out, "<span><a class=\"verdict no\" href=\"#rules\">&#10007; breaks %d rule%s</a></span>", count, count == 1 ? "" : "s");
}

/* What is not a number of a cluster, in a row of its own below */
static void
PutAboutCluster(FmaPage *page, FmaNode *row, int n_columns)
{
	char	   *representatives = FmaNodeText(row, "representatives");

	appendStringInfo(page->out, "<tr class=\"below\"><td colspan=\"%d\"><p class=\"facts\">", n_columns);
	if (FmaNodeText(row, "confused_truth") != NULL)
		PutConfused(page, row);
	if (representatives != NULL)
	{
		FmaPut(page->out, "<span>typical rows ");
		FmaPutData(page->out, representatives, FMA_SHOWN_LENGTH);
		FmaPut(page->out, "</span> ");
	}
	PutBreaches(page, row);
	FmaPut(page->out, "</p></td></tr>\n");
}

/* Clusters of embeddings, the worst first */
void
FmaPutClusters(FmaPage *page)
{
	FmaNode    *clusters = FmaNodeList(page->report, "clusters");
	const FmaPageColumn columns[] = {
		{"Cluster", FMA_CELL_OWN, NULL, NULL, PutClusterName},
		{"Against all rows", FMA_CELL_BAR, SummaryKey(page)},
		{RateName(page), FMA_CELL_RATE, SummaryKey(page)},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Lift", FMA_CELL_LIFT, "lift"},
		{"Of all failures", FMA_CELL_SHARE, "share_of_failures"},
		{"Rate without it", FMA_CELL_SHARE, "impact"},
		{"q", FMA_CELL_P, "q_value"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"}
	};
	const FmaPageTable table = {
		FMA_PAGE_TABLE("Clusters of embeddings, the worst first", columns), .is_titled = true, .max_rows = 100, .more = "fma_clusters",
		.after_row = PutAboutCluster
	};

	FmaPut(page->out, "<p class=\"about\">Rows that look alike to the model. &ldquo;Rate without it&rdquo; is what all other rows together would show; "
		   "typical rows are those nearest to the cluster&rsquo;s centre, by id.</p>\n");
	SetBars(page, clusters, NULL, FmaListLength(clusters));
	FmaPutTable(page, &table, clusters);
}

/* Places on a map, and the worst of them */
void
FmaPutPlaces(FmaPage *page)
{
	FmaNode    *places = FmaNodeList(page->report, "places");
	FmaNode    *space_time = FmaNodeList(page->report, "space_time");
	const FmaPageColumn columns[] = {
		{"Place", FMA_CELL_TEXT, "place"},
		{"Against all rows", FMA_CELL_BAR, SummaryKey(page)},
		{RateName(page), FMA_CELL_RATE, SummaryKey(page)},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Lift", FMA_CELL_LIFT, "lift"},
		{"Of all failures", FMA_CELL_SHARE, "share_of_failures"},
		{"q", FMA_CELL_P, "q_value"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("The worst places, by failures beyond the expected", columns), .max_rows = WORST_PLACES};
	double		total = FmaNodeNumber(page->report, "places_total");

	FmaPut(page->out, "<p class=\"about\">");
	if (!isnan(total))
	{
		FmaPutFigure(page->out, FmaCountText(total));
		FmaPut(page->out, " places");
		if (total > FmaListLength(places))
			appendStringInfo(page->out, ", of which the worst %d are here", FmaListLength(places));
		FmaPut(page->out, "; all are in <code>fma_places</code>. ");
	}
	if (FmaListLength(space_time) > 0)
		FmaPut(page->out, "Dashed rings are the clusters of the next section, by rank. ");
	FmaPut(page->out, "</p>\n");
	(void) FmaPutMap(page, places, space_time);
	SetBars(page, places, NULL, WORST_PLACES);
	FmaPutTable(page, &table, places);
}

/* The place in the middle, by rank */
static void
PutAround(FmaPage *page, FmaNode *row)
{
	double		rank = FmaNodeNumber(row, "rank");

	if (!isnan(rank))
		appendStringInfo(page->out, "<span class=\"rank\">%.0f</span> ", rank);
	FmaPutData(page->out, FmaNodeText(row, "place"), FMA_SHOWN_LENGTH);
}

/* Whether a cluster is more than chance */
static bool
IsBeyondChance(FmaPage *page, FmaNode *row)
{
	return FmaNodeNumber(row, "p_value") < FMA_SIGNIFICANT;
}

/* Where and when at once */
void
FmaPutSpaceTime(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Around", FMA_CELL_OWN, NULL, NULL, PutAround},
		{"Radius, km", FMA_CELL_COUNT, "radius_km"},
		{"Places", FMA_CELL_COUNT, "places"},
		{"From", FMA_CELL_TIME, "starts_at"},
		{"Until", FMA_CELL_TIME, "ends_at"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Expected", FMA_CELL_COUNT, "expected"},
		{"Relative risk", FMA_CELL_LIFT, "relative_risk"},
		{"p", FMA_CELL_P, "p_value"}
	};
	const FmaPageTable table = {
		FMA_PAGE_TABLE("Clusters in space and time", columns), .is_titled = true, .max_rows = 20, .is_wanted = IsBeyondChance
	};
	FmaNode    *clusters = FmaNodeList(page->report, "space_time");
	int			n_chance = 0;

	for (int i = 0; i < FmaListLength(clusters); i++)
		if (!IsBeyondChance(page, FmaListObject(clusters, i)))
			n_chance++;

	FmaPut(page->out, "<p class=\"about\">Neighbouring places and consecutive periods with more failures than elsewhere; "
		   "p counts every place and period that was looked at.</p>\n");
	if (n_chance < FmaListLength(clusters))
		FmaPutTable(page, &table, clusters);
	if (n_chance > 0)
		appendStringInfo(page->out, "<p class=\"more\">%d more in <code>fma_space_time_hotspots</code> may be chance (p from %g).</p>\n", n_chance, FMA_SIGNIFICANT);
}
