/*
 * page_checks.c
 *		What was asked for and compared: rules, model versions, drift, and why
 *		the rate changed.
 */
#include "page.h"

/* So many rules are shown of those that were not broken */
#define SOME_RULES 5

/* Slices and conditions that are shown */
#define MAX_COMPARED 11
#define MAX_REASONS 12

/* Characters of a version's name at the head of a column */
#define VERSION_LENGTH 16

/* What a rule was checked for */
static void
PutSegment(FmaPage *page, FmaNode *row)
{
	char	   *segment_by = FmaNodeText(row, "segment_by");
	char	   *segment = FmaNodeText(row, "segment");
	TimestampTz time;

	if (FmaNodeTime(row, "starts_at", &time))
		FmaPutText(page->out, FmaTimeText(time, page->zone));
	else if (segment != NULL)
		FmaPutData(page->out, segment, FMA_SHOWN_LENGTH);
	else if (segment_by == NULL || strcmp(segment_by, "overall") == 0)
		FmaPut(page->out, "all rows");
	else
		FmaPutData(page->out, NULL, 0);
	if (segment_by != NULL && strcmp(segment_by, "overall") != 0)
	{
		FmaPut(page->out, " <span class=\"soft\">");
		FmaPutCut(page->out, segment_by, FMA_SHOWN_LENGTH);
		FmaPut(page->out, "</span>");
	}
}

/* The threshold with its direction */
static void
PutThreshold(FmaPage *page, FmaNode *row)
{
	char	   *direction = FmaNodeText(row, "direction");
	double		threshold = FmaNodeNumber(row, "threshold");

	if (direction != NULL)
		FmaPutCut(page->out, direction, FMA_SHOWN_LENGTH);
	FmaPut(page->out, " ");
	FmaPutText(page->out, FmaExactText(threshold));
}

/* Whether the rule was kept */
static void
PutPassed(FmaPage *page, FmaNode *row)
{
	char	   *reason = FmaNodeText(row, "reason");

	switch (FmaNodeTruth(row, "passed"))
	{
		case FMA_TRUE:
			FmaPut(page->out, "<span class=\"verdict yes\">&#10003; kept</span>");
			break;
		case FMA_FALSE:
			FmaPut(page->out, "<span class=\"verdict no\">&#10007; broken</span>");
			break;
		default:
			FmaPut(page->out, "<span class=\"verdict open\">? open</span>");
			if (reason != NULL)
			{
				FmaPut(page->out, "<span class=\"note\">");
				FmaPutData(page->out, reason, 2 * FMA_SHOWN_LENGTH);
				FmaPut(page->out, "</span>");
			}
	}
}

/* Rules by their result */
static bool
IsBroken(FmaPage *page, FmaNode *row)
{
	return FmaNodeTruth(row, "passed") == FMA_FALSE;
}

static bool
IsOpen(FmaPage *page, FmaNode *row)
{
	return FmaNodeTruth(row, "passed") == FMA_UNKNOWN;
}

static bool
IsKept(FmaPage *page, FmaNode *row)
{
	return FmaNodeTruth(row, "passed") == FMA_TRUE;
}

/* A table of the rules with one result, if there are any; folded where it is of less interest */
static void
PutRulesOf(FmaPage *page, FmaNode *rules, const char *caption, bool (*is_wanted) (FmaPage *page, FmaNode *row), int max_rows)
{
	bool		is_folded = max_rows > 0;
	const FmaPageColumn columns[] = {
		{"Rule", FMA_CELL_TEXT, "rule"},
		{"For", FMA_CELL_OWN, NULL, NULL, PutSegment},
		{"Value", FMA_CELL_NUMBER, "value"},
		{"95&nbsp;% interval", FMA_CELL_NUMBER_RANGE, "ci_low", "ci_high"},
		{"Threshold", FMA_CELL_OWN, "threshold", NULL, PutThreshold},
		{"Result", FMA_CELL_OWN, NULL, NULL, PutPassed},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Of all rows", FMA_CELL_SHARE, "share_of_rows"},
		{"Of all failures", FMA_CELL_SHARE, "share_of_failures"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE(caption, columns), .is_titled = true, .max_rows = max_rows, .is_wanted = is_wanted};
	int			count = 0;

	for (int i = 0; i < FmaListLength(rules); i++)
		if (FmaListObject(rules, i) != NULL && is_wanted(page, FmaListObject(rules, i)))
			count++;
	if (count == 0)
		return;
	if (is_folded && count > max_rows)
		appendStringInfo(page->out, "<details><summary>%s (%d of %d)</summary>\n", caption, max_rows, count);
	else if (is_folded)
		appendStringInfo(page->out, "<details><summary>%s (%d)</summary>\n", caption, count);
	FmaPutTable(page, &table, rules);
	if (is_folded)
		FmaPut(page->out, "</details>\n");
}

/* The rules' results: the broken ones in full, and some of the others */
void
FmaPutRules(FmaPage *page)
{
	FmaNode    *rules = FmaNodeList(page->report, "rules");
	double		total = FmaNodeNumber(page->report, "rules_total");
	double		failed = FmaNodeNumber(page->report, "rules_failed");

	if (!isnan(total) && !isnan(failed))
	{
		FmaPut(page->out, "<p>Of ");
		FmaPutFigure(page->out, FmaCountText(total));
		FmaPut(page->out, " checks, <strong>");
		FmaPutFigure(page->out, FmaCountText(failed));
		FmaPut(page->out, " failed</strong>. All are in <code>fma_rule_results</code>.</p>\n");
	}
	PutRulesOf(page, rules, "Rules that were broken", IsBroken, 0);
	PutRulesOf(page, rules, "Rules of which it cannot be told", IsOpen, SOME_RULES);
	PutRulesOf(page, rules, "Rules that were kept, the nearest to their threshold first", IsKept, SOME_RULES);
}

/* The figures of each model version */
static void
PutVersions(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Version", FMA_CELL_TEXT, "model_version"},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Failures", FMA_CELL_COUNT, "failures"},
		{"Failure rate", FMA_CELL_SHARE, "failure_rate"},
		{"Confident errors", FMA_CELL_COUNT, "confident_errors"},
		{"Macro F1", FMA_CELL_NUMBER, "macro_f1"},
		{"MCC", FMA_CELL_NUMBER, "mcc"},
		{"Calibration error", FMA_CELL_SHARE, "ece"},
		{"MAE", FMA_CELL_NUMBER, "mae"},
		{"RMSE", FMA_CELL_NUMBER, "rmse"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Model versions", columns), .is_titled = true, .max_rows = 50, .more = "fma_overview"};
	FmaNode    *versions = FmaNodeList(page->report, "versions");

	if (FmaListLength(versions) > 1)
		FmaPutTable(page, &table, versions);
}

/* The slice of a comparison; rank 0 is all rows */
static void
PutComparedSlice(FmaPage *page, FmaNode *row)
{
	if (FmaNodeNumber(row, "rank") == 0)
		FmaPut(page->out, "<strong>all rows</strong>");
	else
		FmaPutData(page->out, FmaNodeText(row, "slice"), 2 * FMA_SHOWN_LENGTH);
}

/* The p-value after correction; that of all rows is the only one of its kind and needs none */
static void
PutCorrected(FmaPage *page, FmaNode *row)
{
	double		q = FmaNodeNumber(row, "q_value");

	FmaPutExactWord(page->out, isnan(q) ? FmaNodeNumber(row, "p_value") : q, FmaPText);
}

/* Which versions were compared */
static void
PutCompared(FmaPage *page, FmaNode *first)
{
	StringInfo	out = page->out;

	FmaPut(out, "<p class=\"about\">The newer version, ");
	FmaPutData(out, FmaNodeText(first, "version_b"), FMA_SHOWN_LENGTH);
	FmaPut(out, ", against the older, ");
	FmaPutData(out, FmaNodeText(first, "version_a"), FMA_SHOWN_LENGTH);
	FmaPut(out, ", on the same rows; then the slices where it lost the most. Positive differences are worse.</p>\n");
}

/* A version's name as the head of a column */
static char *
VersionHead(FmaNode *comparison, const char *key, const char *otherwise)
{
	char	   *version = FmaNodeText(comparison, key);
	StringInfoData head;

	initStringInfo(&head);
	FmaPutCut(&head, version == NULL ? otherwise : version, VERSION_LENGTH);
	return head.data;
}

/* Model versions on the same rows */
void
FmaPutComparison(FmaPage *page)
{
	FmaNode    *comparison = FmaNodeList(page->report, "comparison");
	FmaNode    *first = FmaListObject(comparison, 0);
	const FmaPageColumn columns[] = {
		{"Slice", FMA_CELL_OWN, NULL, NULL, PutComparedSlice},
		{"Rows", FMA_CELL_COUNT, "n"},
		{VersionHead(first, "version_a", "Older"), FMA_CELL_RATE, "loss_a"},
		{VersionHead(first, "version_b", "Newer"), FMA_CELL_RATE, "loss_b"},
		{page->is_loss ? "Difference" : "Difference, points", FMA_CELL_DIFFERENCE, "difference"},
		{"95&nbsp;% interval", FMA_CELL_DIFFERENCE_RANGE, "ci_low", "ci_high"},
		{"Only the older failed", FMA_CELL_COUNT, "only_a_failed"},
		{"Only the newer failed", FMA_CELL_COUNT, "only_b_failed"},
		{"p, corrected", FMA_CELL_OWN_NUMBER, "p_value", NULL, PutCorrected}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Versions on the same rows", columns), .max_rows = MAX_COMPARED, .more = "fma_model_comparison"};

	PutVersions(page);
	if (FmaListLength(comparison) == 0)
		return;
	PutCompared(page, first);
	FmaPutTable(page, &table, comparison);
}

/* How much a column drifted, with a sign */
static void
PutVerdict(FmaPage *page, FmaNode *row)
{
	char	   *verdict = FmaNodeText(row, "verdict");

	if (strcmp(verdict, "drift") == 0)
		FmaPut(page->out, "<span class=\"verdict no\">&#10007; drift</span>");
	else if (strcmp(verdict, "none") == 0)
		FmaPut(page->out, "<span class=\"verdict yes\">&#10003; none</span>");
	else
	{
		FmaPut(page->out, "<span class=\"verdict open\">");
		FmaPutCut(page->out, verdict, FMA_SHOWN_LENGTH);
		FmaPut(page->out, "</span>");
	}
}

/* How the newer rows differ from those before */
void
FmaPutDrift(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Column", FMA_CELL_TEXT, "feature"},
		{"Kind", FMA_CELL_TEXT, "kind"},
		{"Before", FMA_CELL_COUNT, "n_reference"},
		{"Newer", FMA_CELL_COUNT, "n_current"},
		{"Population stability", FMA_CELL_NUMBER, "psi"},
		{"Jensen&ndash;Shannon", FMA_CELL_NUMBER, "jensen_shannon"},
		{"Kolmogorov&ndash;Smirnov", FMA_CELL_NUMBER, "ks"},
		{"q", FMA_CELL_P, "q_value"},
		{"Verdict", FMA_CELL_OWN, "verdict", NULL, PutVerdict}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Drift, column by column", columns), .is_titled = true, .max_rows = 20, .more = "fma_drift_metrics"};
	FmaNode    *drift = FmaNodeList(page->report, "drift");
	TimestampTz time;

	FmaPut(page->out, "<p class=\"about\">How the newer rows");
	if (FmaNodeTime(FmaListObject(drift, 0), "rows_after", &time))
	{
		FmaPut(page->out, ", those after ");
		FmaPutText(page->out, FmaTimeText(time, page->zone));
		FmaPut(page->out, ",");
	}
	FmaPut(page->out, " differ from those before. The verdict takes effect and chance together.</p>\n");
	FmaPutTable(page, &table, drift);
}

/* A condition, or the feature as a whole */
static void
PutCondition(FmaPage *page, FmaNode *row)
{
	char	   *condition = FmaNodeText(row, "condition");

	if (condition != NULL)
		FmaPutData(page->out, condition, 2 * FMA_SHOWN_LENGTH);
	else
	{
		FmaPut(page->out, "<strong>");
		FmaPutData(page->out, FmaNodeText(row, "feature"), FMA_SHOWN_LENGTH);
		FmaPut(page->out, "</strong> <span class=\"soft\">as a whole</span>");
	}
}

/* The rows to show: features as a whole, then conditions; returns how many */
static int
FeaturesFirst(FmaNode *explanation, int *order)
{
	int			count = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < FmaListLength(explanation) && count < MAX_REASONS; i++)
		{
			bool		is_whole = FmaNodeText(FmaListObject(explanation, i), "condition") == NULL;

			if (is_whole == (pass == 0))
				order[count++] = i;
		}
	return count;
}

/* Why the rate changed: other rows, or the same rows at another rate */
void
FmaPutExplanation(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Rows", FMA_CELL_OWN, NULL, NULL, PutCondition},
		{"Share before", FMA_CELL_SHARE, "share_reference"},
		{"Share now", FMA_CELL_SHARE, "share_current"},
		{"Rate before", FMA_CELL_RATE, "rate_reference"},
		{"Rate now", FMA_CELL_RATE, "rate_current"},
		{"By mix", FMA_CELL_DIFFERENCE, "mix_effect"},
		{"By rate", FMA_CELL_DIFFERENCE, "rate_effect"},
		{"Together", FMA_CELL_DIFFERENCE, "total_effect"},
		{"p", FMA_CELL_P, "p_value"}
	};
	FmaNode    *explanation = FmaNodeList(page->report, "explanation");
	int			order[MAX_REASONS];
	FmaPageTable table = {
		FMA_PAGE_TABLE("Why the rate changed", columns), .is_titled = true, .more = "fma_change_explanation", .order = order
	};

	table.n_order = FeaturesFirst(explanation, order);

	FmaPut(page->out, "<p class=\"about\">How far the change of the rate comes from more or fewer such rows (mix), and from such rows failing at another "
		   "rate (rate)");
	appendStringInfoString(page->out, page->is_loss ? ".</p>\n" : ", in percentage points.</p>\n");
	FmaPutTable(page, &table, explanation);
}
