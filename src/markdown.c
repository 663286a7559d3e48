/*
 * markdown.c
 *		fma_render_markdown: a report as GitHub-flavoured Markdown.
 *
 * It has the sections of the page, as tables.  Whatever comes from data is text
 * alone: characters that mean something are escaped, and line ends are spaces.
 */
#include "figures.h"
#include "report_values.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fma_render_markdown);

/* Strings from data that are longer are cut */
#define TEXT_BYTES 300

/* Rows of a table; more are counted */
#define MAX_ROWS 50

/* Cells of the confusion matrix whose rows are listed */
#define MAX_CELLS 10

/* Every so many points of the confidence curve, of which there is one a hundredth */
#define CURVE_STEP 10

typedef struct Page
{
	StringInfo	out;
	FmaNode    *report;
	pg_tz	   *zone;
	bool		is_loss;		/* rates are mean losses */
} Page;

/* What a column shows */
typedef enum ColumnKind
{
	TEXT, COUNT, PERCENT, NUMBER, LIFT, P_VALUE, TIME,
	RATE,						/* a rate, or where losses are numbers what "other" names */
	CHANGE,						/* a rate or a mean loss under the same key */
	RATES						/* from a rate under "key" to one under "other" */
} ColumnKind;

typedef struct Column
{
	const char *title;
	ColumnKind	kind;
	const char *key;
	const char *other;
} Column;

/* A section that is a table: of the list under a key of the report */
typedef struct TableSection
{
	const char *title;
	const char *list;
	int			n_columns;
	Column		columns[12];
} TableSection;

/* Appends text from data, escaped */
static void
PutText(StringInfo out, const char *text)
{
	int			shown = pg_mbcliplen(text, strlen(text), TEXT_BYTES);

	for (int i = 0; i < shown; i++)
	{
		char		c = text[i];
		bool		makes_link = (c == ':' && text[i + 1] == '/') || c == '@' ||
			(c == '.' && i >= 3 && pg_strncasecmp(text + i - 3, "www", 3) == 0);

		if (makes_link || strchr("\\`*_~[]<>|&#!$", c) != NULL)
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, (unsigned char) c < ' ' || c == 0x7f ? ' ' : c);
	}
	if (text[shown] != '\0')
		appendStringInfoString(out, "...");
}

/* A block of SQL; the fence is longer than any in it */
static void
PutSql(StringInfo out, const char *sql)
{
	int			longest = 2;
	int			run = 0;

	for (const char *c = sql; *c != '\0'; c++)
	{
		run = *c == '`' ? run + 1 : 0;
		longest = Max(longest, run);
	}
	for (int i = 0; i <= longest; i++)
		appendStringInfoChar(out, '`');
	appendStringInfo(out, "sql\n%s\n", sql);
	for (int i = 0; i <= longest; i++)
		appendStringInfoChar(out, '`');
	appendStringInfoString(out, "\n\n");
}

static void
PutHeading(Page *page, const char *title)
{
	appendStringInfo(page->out, "## %s\n\n", title);
}

/* A rate: a share, or a mean loss */
static char *
RateText(const Page *page, double rate)
{
	return page->is_loss ? FmaNumberText(rate) : FmaPercentText(rate);
}

/* What a column shows of a row, which is a number or a time */
static char *
FigureText(const Page *page, FmaNode *row, const Column *column)
{
	double		value = FmaNodeNumber(row, column->key);
	TimestampTz time;

	switch (column->kind)
	{
		case COUNT:
			return FmaCountText(value);
		case PERCENT:
			return FmaPercentText(value);
		case NUMBER:
			return FmaNumberText(value);
		case LIFT:
			return isnan(value) ? "" : psprintf("%.2f", value);
		case P_VALUE:
			return FmaPText(value);
		case TIME:
			return FmaNodeTime(row, column->key, &time) ? FmaTimeText(time, page->zone) : "";
		case RATE:
			return page->is_loss ? FmaNumberText(FmaNodeNumber(row, column->other)) : FmaPercentText(value);
		case CHANGE:
			return RateText(page, value);
		default:
			if (isnan(value) || isnan(FmaNodeNumber(row, column->other)))
				return "";
			return psprintf("%s to %s", RateText(page, value), RateText(page, FmaNodeNumber(row, column->other)));
	}
}

/* "| a | b |" and the line below it: text to the left, figures to the right */
static void
PutTableHead(StringInfo out, const Column *columns, int n)
{
	for (int i = 0; i < n; i++)
		appendStringInfo(out, "| %s ", columns[i].title);
	appendStringInfoString(out, "|\n");
	for (int i = 0; i < n; i++)
		appendStringInfoString(out, columns[i].kind == TEXT ? "|---" : "|--:");
	appendStringInfoString(out, "|\n");
}

static void
PutTableRow(const Page *page, FmaNode *row, const Column *columns, int n)
{
	for (int i = 0; i < n; i++)
	{
		char	   *text = columns[i].kind == TEXT ? FmaNodeText(row, columns[i].key) : NULL;

		appendStringInfoString(page->out, "| ");
		if (text != NULL)
			PutText(page->out, text);
		else if (columns[i].kind != TEXT)
			appendStringInfoString(page->out, FigureText(page, row, &columns[i]));
		appendStringInfoChar(page->out, ' ');
	}
	appendStringInfoString(page->out, "|\n");
}

/* A bin of the reliability diagram without rows, of which there is nothing to say */
static bool
IsEmptyBin(FmaNode *row)
{
	return !isnan(FmaNodeNumber(row, "bin")) && FmaNodeNumber(row, "n") == 0;
}

/* A table of a list's rows, at most so many of them and one of every "step" */
static void
PutTable(const Page *page, FmaNode *list, const Column *columns, int n, int step)
{
	int			length = FmaListLength(list);
	int			shown = Min((length + step - 1) / step, MAX_ROWS);

	PutTableHead(page->out, columns, n);
	for (int i = 0; i < shown; i++)
		if (!IsEmptyBin(FmaListObject(list, i * step)))
			PutTableRow(page, FmaListObject(list, i * step), columns, n);
	appendStringInfoChar(page->out, '\n');
	if (step == 1 && shown < length)
		appendStringInfo(page->out, "%d more rows are in the report's JSON.\n\n", length - shown);
}

/* Lines of the report's own words, which may hold names from data */
static void
PutLines(Page *page, const char *key)
{
	FmaNode    *lines = FmaNodeList(page->report, key);

	for (int i = 0; i < FmaListLength(lines); i++)
	{
		char	   *line = FmaListText(lines, i);

		if (line == NULL)
			continue;
		appendStringInfoString(page->out, "- ");
		PutText(page->out, line);
		appendStringInfoChar(page->out, '\n');
	}
	appendStringInfoChar(page->out, '\n');
}

static void
PutTitle(Page *page)
{
	char	   *dataset = FmaNodeText(page->report, "dataset");

	appendStringInfoString(page->out, "# Where ");
	PutText(page->out, dataset == NULL ? "the model" : dataset);
	appendStringInfoString(page->out, " fails\n\n");
}

/* Under the hotspots, the conditions as SQL */
static void
PutPredicates(Page *page)
{
	FmaNode    *hotspots = FmaNodeList(page->report, "hotspots");
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < Min(FmaListLength(hotspots), MAX_ROWS); i++)
	{
		FmaNode    *hotspot = FmaListObject(hotspots, i);
		char	   *predicate = FmaNodeText(hotspot, "predicate");

		if (predicate != NULL)
			appendStringInfo(&sql, "%s-- %s\n%s", sql.len > 0 ? "\n" : "", FmaCountText(FmaNodeNumber(hotspot, "rank")), predicate);
	}
	if (sql.len > 0)
		PutSql(page->out, sql.data);
}

/* The confusion matrix: rows are the truth */
static void
PutMatrix(Page *page)
{
	FmaNode    *confusion = FmaNodeObject(page->report, "confusion");
	FmaNode    *labels = FmaNodeList(confusion, "labels");
	FmaNode    *counts = FmaNodeList(confusion, "counts");
	int			n = Min(FmaListLength(labels), MAX_ROWS);

	if (n == 0 || FmaListLength(counts) == 0)
		return;
	PutHeading(page, "Confusion matrix");
	appendStringInfoString(page->out, "| truth \\\\ prediction ");
	for (int i = 0; i < n; i++)
	{
		appendStringInfoString(page->out, "| ");
		PutText(page->out, FmaListText(labels, i) == NULL ? "" : FmaListText(labels, i));
		appendStringInfoChar(page->out, ' ');
	}
	appendStringInfoString(page->out, "|\n|---");
	for (int i = 0; i < n; i++)
		appendStringInfoString(page->out, "|--:");
	appendStringInfoString(page->out, "|\n");
	for (int i = 0; i < n; i++)
	{
		appendStringInfoString(page->out, "| ");
		PutText(page->out, FmaListText(labels, i) == NULL ? "" : FmaListText(labels, i));
		for (int j = 0; j < n; j++)
			appendStringInfo(page->out, " | %s", FmaCountText(FmaListNumber(FmaListList(counts, i), j)));
		appendStringInfoString(page->out, " |\n");
	}
	appendStringInfoChar(page->out, '\n');
}

static const TableSection sections[] = {
	{"Hotspots", "hotspots", 10, {{"", COUNT, "rank"}, {"slice", TEXT, "slice"}, {"rows", COUNT, "n"}, {"failures", COUNT, "failures"},
	{"rate", RATE, "failure_rate", "mean_loss"}, {"95 % interval", RATES, "ci_low", "ci_high"}, {"lift", LIFT, "lift"},
	{"share of failures", PERCENT, "share_of_failures"}, {"q", P_VALUE, "q_value"}, {"on new rows", TEXT, "confirmation"}}},
	{"Labels", "labels", 8, {{"label", TEXT, "label"}, {"rows", COUNT, "support"}, {"precision", PERCENT, "precision"}, {"recall", PERCENT, "recall"},
	{"F1", PERCENT, "f1"}, {"IoU", PERCENT, "iou"}, {"most often taken for", TEXT, "taken_for"}, {"times", COUNT, "taken_for_n"}}},
	{"Batches", "batches", 5, {{"batch", TEXT, "batch"}, {"rows", COUNT, "n"}, {"failures", COUNT, "failures"}, {"rate", RATE, "failure_rate", "mae"},
	{"95 % interval", RATES, "ci_low", "ci_high"}}},
	{"Clusters", "clusters", 9, {{"cluster", TEXT, "cluster"}, {"rows", COUNT, "n"}, {"failures", COUNT, "failures"}, {"rate", RATE, "failure_rate", "mae"},
	{"95 % interval", RATES, "ci_low", "ci_high"}, {"lift", LIFT, "lift"}, {"q", P_VALUE, "q_value"}, {"confused", TEXT, "confused_truth"}, {"with", TEXT, "confused_prediction"}}},
	{"Places", "places", 7, {{"place", TEXT, "place"}, {"rows", COUNT, "n"}, {"failures", COUNT, "failures"}, {"rate", RATE, "failure_rate", "mae"},
	{"95 % interval", RATES, "ci_low", "ci_high"}, {"lift", LIFT, "lift"}, {"q", P_VALUE, "q_value"}}},
	{"Where and when", "space_time", 9, {{"place", TEXT, "place"}, {"km around it", NUMBER, "radius_km"}, {"places", COUNT, "places"}, {"from", TIME, "starts_at"},
	{"until", TIME, "ends_at"}, {"failures", COUNT, "failures"}, {"expected", NUMBER, "expected"}, {"risk", LIFT, "relative_risk"}, {"p", P_VALUE, "p_value"}}},
	{"Rules", "rules", 8, {{"rule", TEXT, "rule"}, {"segment", TEXT, "segment"}, {"from", TIME, "starts_at"}, {"label", TEXT, "label"}, {"value", NUMBER, "value"},
	{"threshold", NUMBER, "threshold"}, {"rows", COUNT, "n"}, {"passed", TEXT, "passed"}}},
	{"Model versions", "versions", 9, {{"version", TEXT, "model_version"}, {"rows", COUNT, "n"}, {"failures", COUNT, "failures"}, {"rate", RATE, "failure_rate", "mae"},
	{"95 % interval", RATES, "ci_low", "ci_high"}, {"macro F1", PERCENT, "macro_f1"}, {"mean IoU", PERCENT, "mean_iou"}, {"ECE", NUMBER, "ece"}, {"RMSE", NUMBER, "rmse"}}},
	{"Model comparison", "comparison", 8, {{"from", TEXT, "version_a"}, {"to", TEXT, "version_b"}, {"slice", TEXT, "slice"}, {"rows", COUNT, "n"},
	{"rate before", CHANGE, "loss_a"}, {"rate after", CHANGE, "loss_b"}, {"p", P_VALUE, "p_value"}, {"q", P_VALUE, "q_value"}}},
	{"Drift", "drift", 5, {{"column", TEXT, "feature"}, {"PSI", NUMBER, "psi"}, {"KS", NUMBER, "ks"}, {"q", P_VALUE, "q_value"}, {"verdict", TEXT, "verdict"}}},
	{"Why the rate changed", "explanation", 7, {{"column", TEXT, "feature"}, {"condition", TEXT, "condition"}, {"rate before", CHANGE, "rate_reference"},
	{"rate now", CHANGE, "rate_current"}, {"by other rows", NUMBER, "mix_effect"}, {"by another rate", NUMBER, "rate_effect"}, {"q", P_VALUE, "q_value"}}},
	{"Near-duplicates to review", "duplicates", 5, {{"rows", COUNT, "size"}, {"representative", TEXT, "representative"}, {"ids", TEXT, "ids"}, {"labels", TEXT, "labels"},
	{"least similarity", NUMBER, "min_similarity"}}},
};

static const Column calibration_columns[] = {
	{"confidence from", PERCENT, "low"}, {"to", PERCENT, "high"}, {"rows", COUNT, "n"}, {"mean confidence", PERCENT, "mean_confidence"},
	{"accuracy", PERCENT, "accuracy"}, {"gap", NUMBER, "gap"}
};

static const Column curve_columns[] = {
	{"confidence from", PERCENT, "threshold"}, {"rows", COUNT, "n"}, {"coverage", PERCENT, "coverage"}, {"errors", COUNT, "errors"}, {"accuracy", PERCENT, "accuracy"}
};

static const Column time_columns[] = {
	{"time", TIME, "time"}, {"rows", COUNT, "n"}, {"failures", COUNT, "failures"}, {"rate", RATE, "failure_rate", "mae"},
	{"95 % interval", RATES, "ci_low", "ci_high"}
};

static const Column change_columns[] = {
	{"changed at", TIME, "time"}, {"rate before", CHANGE, "rate_before"}, {"rate after", CHANGE, "rate_after"},
	{"95 % interval", RATES, "ci_low_after", "ci_high_after"}, {"p", P_VALUE, "p_value"}
};

static const Column item_columns[] = {
	{"id", TEXT, "id"}, {"truth", TEXT, "truth"}, {"prediction", TEXT, "prediction"}, {"confidence", NUMBER, "confidence"},
	{"error", NUMBER, "loss"}, {"kind", TEXT, "error_type"}, {"time", TIME, "occurred_at"}
};

static const Column stage_columns[] = {
	{"stage", TEXT, "stage"}, {"status", TEXT, "status"}, {"seconds", NUMBER, "seconds"}, {"rows of results", COUNT, "rows"}
};

/* A table under a heading, where there are rows */
static void
PutTableUnder(Page *page, const char *title, FmaNode *list, const Column *columns, int n, int step)
{
	if (FmaListLength(list) == 0)
		return;
	PutHeading(page, title);
	PutTable(page, list, columns, n, step);
}

/* The sections that are a table of their own, between two of them */
static void
PutTables(Page *page, const char *first, const char *last)
{
	bool		on = false;

	for (int i = 0; i < lengthof(sections); i++)
	{
		const TableSection *section = &sections[i];

		on = on || strcmp(section->list, first) == 0;
		if (!on || (strcmp(section->list, "versions") == 0 && FmaListLength(FmaNodeList(page->report, "versions")) < 2))
			continue;
		PutTableUnder(page, section->title, FmaNodeList(page->report, section->list), section->columns, section->n_columns, 1);
		if (strcmp(section->list, last) == 0)
			return;
	}
}

/* Rows of one group, with the SQL that lists them all */
static void
PutGroup(Page *page, FmaNode *group)
{
	FmaNode    *items = FmaNodeList(group, "items");
	char	   *kind = FmaNodeText(group, "kind");
	char	   *slice = FmaNodeText(group, "slice");
	char	   *truth = FmaNodeText(group, "truth");
	char	   *prediction = FmaNodeText(group, "prediction");
	char	   *sql = FmaNodeText(group, "sql");

	appendStringInfoString(page->out, "### ");
	if (slice != NULL)
		PutText(page->out, slice);
	else if (truth != NULL && prediction != NULL)
	{
		PutText(page->out, truth);
		appendStringInfoString(page->out, " taken for ");
		PutText(page->out, prediction);
	}
	else
		appendStringInfoString(page->out, kind != NULL && strcmp(kind, "errors") == 0 ? "All failures" : "Rows");
	appendStringInfo(page->out, ": %d of %s\n\n", FmaListLength(items), FmaCountText(FmaNodeNumber(group, "total")));
	if (FmaListLength(items) > 0)
		PutTable(page, items, item_columns, lengthof(item_columns), 1);
	if (sql != NULL)
		PutSql(page->out, sql);
}

/* Failures: all, of each hotspot, and of the cells with most of them */
static void
PutExamples(Page *page)
{
	FmaNode    *groups = FmaNodeList(FmaNodeObject(page->report, "examples"), "groups");
	int			cells = 0;

	if (FmaListLength(groups) == 0)
		return;
	PutHeading(page, "Example failures");
	for (int i = 0; i < FmaListLength(groups); i++)
	{
		FmaNode    *group = FmaListObject(groups, i);
		char	   *truth = FmaNodeText(group, "truth");
		char	   *prediction = FmaNodeText(group, "prediction");

		if (truth != NULL && (prediction == NULL || strcmp(truth, prediction) == 0 || cells++ >= MAX_CELLS))
			continue;
		PutGroup(page, group);
	}
}

static void
PutReproduce(Page *page)
{
	FmaNode    *statements = FmaNodeList(page->report, "reproduce");
	FmaNode    *run = FmaNodeObject(page->report, "run");
	char	   *run_id = FmaNodeText(run, "run_id");
	char	   *version = FmaNodeText(page->report, "fma_version");
	TimestampTz time;
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < FmaListLength(statements); i++)
		if (FmaListText(statements, i) != NULL)
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? "\n" : "", FmaListText(statements, i));
	if (sql.len == 0 && run == NULL)
		return;
	PutHeading(page, "How to reproduce");
	appendStringInfoString(page->out, "Run ");
	PutText(page->out, run_id == NULL ? "" : run_id);
	if (FmaNodeTime(run, "finished_at", &time))
		appendStringInfo(page->out, " of %s", FmaTimeText(time, page->zone));
	appendStringInfoString(page->out, ", fma ");
	PutText(page->out, version == NULL ? "" : version);
	appendStringInfoString(page->out, ".\n\n");
	if (sql.len > 0)
		PutSql(page->out, sql.data);
}

/* fma_render_markdown(report) -> text */
Datum
fma_render_markdown(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	FmaNode    *report = FmaOpenReport(PG_GETARG_JSONB_P(0));
	FmaNode    *overview = FmaNodeObject(report, "overview");
	FmaNode    *calibration = FmaNodeObject(report, "calibration");
	FmaNode    *timeline = FmaNodeObject(report, "timeline");
	Page		page = {&out, report, FmaReportZone(report)};

	page.is_loss = isnan(FmaNodeNumber(overview, "failure_rate")) && !isnan(FmaNodeNumber(overview, "mae"));
	initStringInfo(&out);
	PutTitle(&page);
	PutLines(&page, "summary");
	PutTables(&page, "hotspots", "hotspots");
	PutPredicates(&page);
	PutMatrix(&page);
	PutTables(&page, "labels", "labels");
	PutTableUnder(&page, "Calibration", FmaNodeList(calibration, "bins"), calibration_columns, lengthof(calibration_columns), 1);
	PutTableUnder(&page, "Confidence curve", FmaNodeList(report, "confidence_curve"), curve_columns, lengthof(curve_columns), CURVE_STEP);
	PutTableUnder(&page, "When the rate changed", FmaNodeList(timeline, "changepoints"), change_columns, lengthof(change_columns), 1);
	PutTableUnder(&page, "Timeline", FmaNodeList(timeline, "points"), time_columns, lengthof(time_columns), 1);
	PutTables(&page, "batches", "explanation");
	PutExamples(&page);
	PutTables(&page, "duplicates", "duplicates");
	if (FmaListLength(FmaNodeList(report, "notes")) > 0)
	{
		PutHeading(&page, "Data notes");
		PutLines(&page, "notes");
	}
	PutTableUnder(&page, "Stages of the run", FmaNodeList(report, "stages"), stage_columns, lengthof(stage_columns), 1);
	PutReproduce(&page);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
