/*
 * page_findings.c
 *		What fails, in words and figures, and the hotspots.
 */
#include "page.h"

#include "miscadmin.h"

#include "charts.h"

/* The sentences of a report */
#define MAX_SENTENCES 6

/* Slices that are shown beside the hotspots */
#define MAX_SLICES 10

/* One of the figures at the top */
typedef struct KeyFigure
{
	const char *name;
	const char *key;			/* in "overview" */
	char	   *(*format) (double value);
	void		(*put_note) (FmaPage *page, FmaNode *overview);
} KeyFigure;

/* The interval below a rate */
static void
PutRateNote(FmaPage *page, FmaNode *overview)
{
	double		low = FmaNodeNumber(overview, "ci_low");
	double		high = FmaNodeNumber(overview, "ci_high");

	if (isnan(low) || isnan(high))
		return;
	appendStringInfo(page->out, "<span title=\"%s to %s\">95&nbsp;%%: ", FmaExactText(low), FmaExactText(high));
	FmaPutInterval(page->out, low, high, FmaPercentText);
	FmaPut(page->out, "</span>");
}

/* Of how many rows: those that can be judged */
static void
PutFailuresNote(FmaPage *page, FmaNode *overview)
{
	FmaPut(page->out, "of ");
	FmaPutFigure(page->out, FmaCountText(page->labelled));
	appendStringInfo(page->out, " %s", page->rows);
}

/* From which confidence on an error is confident */
static void
PutConfidentNote(FmaPage *page, FmaNode *overview)
{
	double		high = FmaNodeNumber(overview, "high_confidence");

	if (isnan(high))
		return;
	FmaPut(page->out, "at ");
	FmaPutFigure(page->out, FmaRoundPercentText(high));
	FmaPut(page->out, " confidence or more");
}

/* What the ECE of a calibrated model would be */
static void
PutEceNote(FmaPage *page, FmaNode *overview)
{
	double		calibrated = FmaNodeNumber(overview, "ece_if_calibrated");

	if (isnan(calibrated))
		return;
	FmaPutFigure(page->out, FmaPercentText(calibrated));
	FmaPut(page->out, " if calibrated");
}

static const KeyFigure key_figures[] = {
	{"Failure rate", "failure_rate", FmaPercentText, PutRateNote},
	{"Failures", "failures", FmaCountText, PutFailuresNote},
	{"Confident errors", "confident_errors", FmaCountText, PutConfidentNote},
	{"Mean absolute error", "mae", FmaNumberText, NULL},
	{"RMSE", "rmse", FmaNumberText, NULL},
	{"R<sup>2</sup>", "r2", FmaNumberText, NULL},
	{"Bias", "bias", FmaNumberText, NULL},
	{"Balanced accuracy", "balanced_accuracy", FmaPercentText, NULL},
	{"Macro F1", "macro_f1", FmaNumberText, NULL},
	{"Calibration error", "ece", FmaPercentText, PutEceNote}
};

static void
PutKeyFigures(FmaPage *page, FmaNode *overview)
{
	StringInfo	out = page->out;
	bool		is_first = true;

	for (int i = 0; i < lengthof(key_figures); i++)
	{
		const KeyFigure *figure = &key_figures[i];
		double		value = FmaNodeNumber(overview, figure->key);

		if (isnan(value))
			continue;
		if (is_first)
			FmaPut(out, "<dl class=\"figures\">\n");
		is_first = false;
		appendStringInfo(out, "<div><dt>%s</dt><dd", figure->name);
		FmaPutTitle(out, value, NULL);
		FmaPut(out, ">");
		FmaPutFigure(out, figure->format(value));
		FmaPut(out, "</dd>");
		if (figure->put_note != NULL)
		{
			FmaPut(out, "<dd class=\"note\">");
			figure->put_note(page, overview);
			FmaPut(out, "</dd>");
		}
		FmaPut(out, "</div>\n");
	}
	if (!is_first)
		FmaPut(out, "</dl>\n");
}

/* The sentences that say it in words, and the figures they are about */
void
FmaPutWhatFails(FmaPage *page)
{
	FmaNode    *summary = FmaNodeList(page->report, "summary");
	int			count = Min(FmaListLength(summary), MAX_SENTENCES);

	for (int i = 0; i < count; i++)
	{
		char	   *sentence = FmaListText(summary, i);

		if (sentence == NULL)
			continue;
		FmaPut(page->out, "<p class=\"lead\" dir=\"auto\">");
		FmaPutCut(page->out, sentence, 10 * FMA_TITLE_LENGTH);
		FmaPut(page->out, "</p>\n");
	}
	PutKeyFigures(page, FmaNodeObject(page->report, "overview"));
}

/* A hotspot's rank, where it is one that ids can be made of; 0 otherwise */
static int
HotspotRank(FmaNode *hotspot)
{
	double		rank = FmaNodeNumber(hotspot, "rank");

	return rank >= 1 && rank <= FMA_MAX_HOTSPOTS && rank == floor(rank) ? (int) rank : 0;
}

/* The row's id; each rank has one */
static void
PutHotspotId(FmaPage *page, FmaNode *hotspot)
{
	int			rank = HotspotRank(hotspot);

	page->hotspot = rank > 0 && page->hotspots[rank] == NULL ? rank : 0;
	if (page->hotspot > 0)
	{
		page->hotspots[rank] = hotspot;
		appendStringInfo(page->out, " id=\"hotspot-%d\"", rank);
	}
}

static void
PutRankAndSlice(FmaPage *page, FmaNode *row)
{
	double		rank = FmaNodeNumber(row, "rank");

	if (!isnan(rank))
		appendStringInfo(page->out, "<span class=\"rank\">%.0f</span> ", rank);
	FmaPutData(page->out, FmaNodeText(row, "slice"), 2 * FMA_SHOWN_LENGTH);
}

/* A hotspot's bar, and its SQL where there is room for it */
static void
PutBarAndSql(FmaPage *page, FmaNode *row)
{
	FmaPutBarOf(page, row, FmaRateKey(page));
	FmaPutSql(page, "SQL", FmaNodeText(row, "predicate"));
}

/* Whether the rows that came since show it too; a sign and a word, and the figures */
static void
PutConfirmation(FmaPage *page, FmaNode *row)
{
	static const char *const verdicts[][3] = {
		{"confirmed", "yes", "&#10003; confirmed"},
		{"not confirmed", "no", "&#10007; not confirmed"},
		{"too few rows", "open", "? too few rows"},
		{"new", "open", "&#8226; new"}
	};
	char	   *verdict = FmaNodeText(row, "confirmation");
	double		rate = FmaNodeNumber(row, page->is_loss ? "new_mean_loss" : "new_failure_rate");
	double		n = FmaNodeNumber(row, "new_n");
	int			known = 0;

	while (known < lengthof(verdicts) && strcmp(verdict, verdicts[known][0]) != 0)
		known++;
	if (known == lengthof(verdicts))
		FmaPutData(page->out, verdict, FMA_SHOWN_LENGTH);
	else
		appendStringInfo(page->out, "<span class=\"verdict %s\">%s</span>", verdicts[known][1], verdicts[known][2]);
	if (!isnan(rate) && !isnan(n))
	{
		FmaPut(page->out, "<span class=\"note\">");
		FmaPutRate(page, rate);
		FmaPut(page->out, " of ");
		FmaPutFigure(page->out, FmaCountText(n));
		FmaPut(page->out, " since</span>");
	}
}

/* How many rows, which lead to them */
static void
PutRowsLink(FmaPage *page, FmaNode *row)
{
	double		n = FmaNodeNumber(row, "n");

	if (page->hotspot > 0)
		appendStringInfo(page->out, "<a href=\"#hotspot-%d-rows\" title=\"%s: show some\">", page->hotspot, FmaExactText(n));
	FmaPutFigure(page->out, FmaCountText(n));
	if (page->hotspot > 0)
		FmaPut(page->out, "</a>");
}

/* The end of the bars: the widest interval, unless it would flatten all others */
static double
BarEnd(FmaPage *page, FmaNode *list)
{
	double		rate = FmaListMax(list, FmaRateKey(page), isnan(page->baseline) ? 0 : page->baseline);

	return Min(FmaListMax(list, "ci_high", rate), 1.5 * rate);
}

static void
PutHotspotTable(FmaPage *page, FmaNode *hotspots)
{
	const char *rate = FmaRateKey(page);
	const FmaPageColumn columns[] = {
		{"Slice", FMA_CELL_OWN, NULL, NULL, PutRankAndSlice},
		{"Against all rows", FMA_CELL_OWN, NULL, NULL, PutBarAndSql},
		{page->is_loss ? "Mean loss" : "Failure rate", FMA_CELL_RATE, rate},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_OWN_NUMBER, "n", NULL, PutRowsLink},
		{"Lift", FMA_CELL_LIFT, "lift"},
		{"Of all failures", FMA_CELL_SHARE, "share_of_failures"},
		{"q", FMA_CELL_P, "q_value"},
		{"On new rows", FMA_CELL_OWN, "confirmation", NULL, PutConfirmation}
	};
	const FmaPageTable table = {
		FMA_PAGE_TABLE("Hotspots", columns), .is_titled = true, .max_rows = FMA_MAX_HOTSPOTS, .more = "fma_hotspots",
		.row_attributes = PutHotspotId
	};

	page->bar_max = BarEnd(page, hotspots);
	FmaPutTable(page, &table, hotspots);
}

/* More slices, which say the same again in other words */
static void
PutSlices(FmaPage *page, FmaNode *slices)
{
	const char *rate = FmaRateKey(page);
	const FmaPageColumn columns[] = {
		{"Slice", FMA_CELL_OWN, NULL, NULL, PutRankAndSlice},
		{page->is_loss ? "Mean loss" : "Failure rate", FMA_CELL_RATE, rate},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Lift", FMA_CELL_LIFT, "lift"},
		{"Beyond the expected", FMA_CELL_COUNT, "excess_failures"},
		{"Of all failures", FMA_CELL_SHARE, "share_of_failures"},
		{"q", FMA_CELL_P, "q_value"},
		{"Macro F1", FMA_CELL_NUMBER, "macro_f1"},
		{"RMSE", FMA_CELL_NUMBER, "rmse"}
	};
	const FmaPageTable table = {
		FMA_PAGE_TABLE("Slices with the most failures beyond the expected", columns), .is_titled = true, .max_rows = MAX_SLICES, .more = "fma_slice_metrics"
	};

	FmaPut(page->out, "<details><summary>Slices that overlap these, the most failures first</summary>\n");
	FmaPutTable(page, &table, slices);
	FmaPut(page->out, "</details>\n");
}

/* Why there are no hotspots: none was found, or none was looked for */
static void
PutNoHotspots(FmaPage *page)
{
	static const char left_out[] = "left out: ";
	FmaNode    *stages = FmaNodeList(page->report, "stages");

	for (int i = 0; i < Min(FmaListLength(stages), FMA_MAX_TABLE_ROWS); i++)
	{
		FmaNode    *stage = FmaListObject(stages, i);
		char	   *name = FmaNodeText(stage, "stage");
		char	   *message = FmaNodeText(stage, "message");

		if (name == NULL || strcmp(name, "slices") != 0 || message == NULL || strncmp(message, left_out, strlen(left_out)) != 0)
			continue;
		FmaPut(page->out, "<p>Hotspots were not searched: ");
		FmaPutData(page->out, message + strlen(left_out), FMA_SHOWN_LENGTH);
		FmaPut(page->out, ".</p>\n");
		return;
	}
	FmaPut(page->out, "<p>No slice fails more often than the rest beyond chance.</p>\n");
}

/* Where it fails: the few slices that matter, and those beside them */
void
FmaPutHotspots(FmaPage *page)
{
	FmaNode    *hotspots = FmaNodeList(page->report, "hotspots");
	FmaNode    *slices = FmaNodeList(page->report, "slices");

	if (FmaListLength(hotspots) == 0)
		PutNoHotspots(page);
	else
	{
		FmaPut(page->out, "<p class=\"about\">Each is worse than the rest and than every more general slice, beyond chance. ");
		if (!isnan(page->baseline))
		{
			FmaPut(page->out, "The dashed line is the rate of all rows, ");
			FmaPutRate(page, page->baseline);
			FmaPut(page->out, "; the thin line is the 95&nbsp;% interval. ");
		}
		FmaPut(page->out, "q is the p-value after correction for all that was tested. A hotspot that is new looks worse than it is: "
			   "rows that come later tell.</p>\n");
		PutHotspotTable(page, hotspots);
	}
	if (FmaListLength(slices) > 0)
		PutSlices(page, slices);
}
