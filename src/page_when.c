/*
 * page_when.c
 *		When and where it fails: periods, batches, clusters, places.
 */
#include "page.h"

#include "charts.h"

/* Rows of the tables beside charts */
#define WORST_PERIODS 10
#define WORST_BATCHES 30
#define WORST_PLACES 15

static int
CompareDown(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x < y) - (x > y);
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

/* Lets only the rows with the highest rates into the table that follows */
static void
KeepWorst(FmaPage *page, FmaNode *list, int count)
{
	int			length = FmaListLength(list);
	double	   *rates = palloc_array(double, Max(length, 1));
	int			n = 0;

	for (int i = 0; i < length; i++)
	{
		double		rate = FmaNodeNumber(FmaListObject(list, i), SummaryKey(page));

		if (!isnan(rate))
			rates[n++] = rate;
	}
	qsort(rates, n, sizeof(double), CompareDown);
	page->threshold = n == 0 ? 0 : rates[Min(count, n) - 1];
	page->bar_max = n == 0 ? 0 : Min(FmaListMax(list, "ci_high", rates[0]), 1.5 * rates[0]);
}

static bool
IsAmongWorst(FmaPage *page, FmaNode *row)
{
	return FmaNodeNumber(row, SummaryKey(page)) >= page->threshold;
}

static void
PutChangepoints(FmaPage *page, FmaNode *changes)
{
	const FmaPageColumn columns[] = {
		{"From", FMA_CELL_TIME, "time"},
		{"Before", FMA_CELL_RATE, "rate_before"},
		{"95&#8239;% interval", FMA_CELL_RANGE, "ci_low_before", "ci_high_before"},
		{"After", FMA_CELL_RATE, "rate_after"},
		{"95&#8239;% interval", FMA_CELL_RANGE, "ci_low_after", "ci_high_after"},
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
		{"95&#8239;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("The worst periods", columns), .max_rows = WORST_PERIODS, .is_wanted = IsAmongWorst};
	char	   *period = FmaNodeText(timeline, "period");

	FmaPut(page->out, "<p class=\"about\">");
	appendStringInfoString(page->out, RateName(page));
	if (period != NULL)
	{
		FmaPut(page->out, " by ");
		FmaPutData(page->out, period, FMA_SHOWN_LENGTH);
	}
	if (FmaListMax(points, "ci_high", -1) >= 0)
		FmaPut(page->out, " with 95&#8239;% intervals");
	FmaPut(page->out, "; dashed: all rows; ");
	if (FmaListLength(changes) > 0)
		FmaPut(page->out, "thick: the level before and after a change; ");
	FmaPut(page->out, "grey: rows of each period.</p>\n<figure>");
	FmaPutTimelineChart(page, points, changes);
	FmaPut(page->out, "</figure>\n");
	PutChangepoints(page, changes);
	KeepWorst(page, points, WORST_PERIODS);
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
		{"95&#8239;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"},
		{"Macro F1", FMA_CELL_NUMBER, "macro_f1"}
	};
	const bool	is_long = FmaListLength(batches) > WORST_BATCHES;
	const FmaPageTable table = {
		FMA_PAGE_TABLE(is_long ? "The worst batches" : "Batches", columns), .is_titled = !is_long, .max_rows = WORST_BATCHES, .is_wanted = IsAmongWorst,
		.more = "fma_batches"
	};

	KeepWorst(page, batches, WORST_BATCHES);
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
		FmaPut(page->out, "&#8239;&times;");
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
		{"95&#8239;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
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
	KeepWorst(page, clusters, 1);
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
		{"95&#8239;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
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
		FmaPut(page->out, "Dashed rings are the clusters of the next section, by rank.");
	FmaPut(page->out, "</p>\n");
	(void) FmaPutMap(page, places, space_time);
	KeepWorst(page, places, FmaListLength(places));
	page->bar_max = FmaListMax(places, SummaryKey(page), 0);
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

/* Where and when at once */
void
FmaPutSpaceTime(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Around", FMA_CELL_OWN, NULL, NULL, PutAround},
		{"Radius, km", FMA_CELL_NUMBER, "radius_km"},
		{"Places", FMA_CELL_COUNT, "places"},
		{"From", FMA_CELL_TIME, "starts_at"},
		{"Until", FMA_CELL_TIME, "ends_at"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Expected", FMA_CELL_NUMBER, "expected"},
		{"Relative risk", FMA_CELL_LIFT, "relative_risk"},
		{"p", FMA_CELL_P, "p_value"}
	};
	const FmaPageTable table = {
		FMA_PAGE_TABLE("Clusters in space and time", columns), .is_titled = true, .max_rows = 20, .more = "fma_space_time_hotspots"
	};

	FmaPut(page->out, "<p class=\"about\">Neighbouring places and consecutive periods with more failures than elsewhere; "
		   "p counts every place and period that was looked at.</p>\n");
	FmaPutTable(page, &table, FmaNodeList(page->report, "space_time"));
}
