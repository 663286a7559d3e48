/*
 * page_rows.c
 *		The rows behind the figures, and how all was made.
 */
#include "page.h"

#include "miscadmin.h"
#include "utils/builtins.h"

/* Rows of a group, and groups, that are shown at most */
#define MAX_ITEMS 1000
#define MAX_GROUPS 20000

/* Characters of a slice as a link */
#define LINK_LENGTH 40

/* Groups of near-duplicates that are shown */
#define MAX_DUPLICATES 10

/* Characters of an id or a path of an image */
#define ID_LENGTH 40

/* What a row is called that the model was sure about, and wrong */
static const char confident_error[] = "confident_error";

/* Whether there are rows to show, or SQL that lists them */
bool
FmaHasExamples(FmaPage *page)
{
	return FmaListLength(FmaNodeList(FmaNodeObject(page->report, "examples"), "groups")) > 0 || page->n_labels > 0 ||
		FmaListLength(FmaNodeList(page->report, "hotspots")) > 0;
}

static bool
IsConfidentError(FmaNode *item)
{
	char	   *error_type = FmaNodeText(item, "error_type");

	return error_type != NULL && strcmp(error_type, confident_error) == 0;
}

/* The class that the checkbox looks for */
static void
PutItemClass(FmaPage *page, FmaNode *item)
{
	if (IsConfidentError(item))
		FmaPut(page->out, " class=\"confident\"");
}

/* A truth or a prediction: a label, or a number */
static void
PutValue(FmaPage *page, FmaNode *item, const char *key)
{
	double		number = FmaNodeNumber(item, key);
	char	   *text = FmaNodeText(item, key);

	/* A numeric is written with all its digits, as text. */
	if (isnan(number) && page->is_loss && text != NULL)
	{
		char	   *end;

		number = strtod(text, &end);
		if (end == text || *end != '\0' || !isfinite(number))
			number = NAN;
	}
	if (isnan(number))
		FmaPutData(page->out, text, FMA_SHOWN_LENGTH);
	else
		FmaPutExactWord(page->out, number, FmaNumberText);
}

static void
PutId(FmaPage *page, FmaNode *item)
{
	FmaPutData(page->out, FmaNodeText(item, "id"), ID_LENGTH);
}

static void
PutTruth(FmaPage *page, FmaNode *item)
{
	PutValue(page, item, "truth");
}

static void
PutPrediction(FmaPage *page, FmaNode *item)
{
	PutValue(page, item, "prediction");
}

/* error_type as words */
static void
PutErrorType(FmaPage *page, FmaNode *item)
{
	char	   *error_type = FmaNodeText(item, "error_type");

	if (IsConfidentError(item))
		FmaPut(page->out, "<span class=\"verdict no\">&#10007; confident error</span>");
	else
		FmaPutData(page->out, error_type, ID_LENGTH);
}

/* The image itself where it may stand in a page, and its path otherwise */
static void
PutItemImage(FmaPage *page, FmaNode *item)
{
	char	   *image = FmaNodeText(item, "image");
	char	   *id = FmaNodeText(item, "id");

	if (!FmaPutImage(page->out, image, psprintf("image of %s", id == NULL ? "a row" : id)))
	{
		if (pg_strncasecmp(image, "data:", strlen("data:")) == 0)
			FmaPut(page->out, "<span class=\"none\">not shown</span>");
		else
			FmaPutData(page->out, image, ID_LENGTH);
	}
}

/* The rows of a group */
static void
PutItems(FmaPage *page, const char *name, FmaNode *items)
{
	const FmaPageColumn columns[] = {
		{"Id", FMA_CELL_OWN, NULL, NULL, PutId},
		{"Image", FMA_CELL_OWN, "image", NULL, PutItemImage},
		{"Truth", FMA_CELL_OWN, "truth", NULL, PutTruth},
		{"Prediction", FMA_CELL_OWN, "prediction", NULL, PutPrediction},
		{"Confidence", FMA_CELL_SHARE, "confidence"},
		{"Loss", FMA_CELL_NUMBER, "loss"},
		{"Outcome", FMA_CELL_OWN, "error_type", NULL, PutErrorType},
		{"Time", FMA_CELL_TIME, "occurred_at"}
	};
	const FmaPageTable table = {
		.caption = name, .is_titled = true, .columns = columns, .n_columns = lengthof(columns), .max_rows = MAX_ITEMS, .row_attributes = PutItemClass
	};
	int			n_confident = 0;

	for (int i = 0; i < Min(FmaListLength(items), MAX_ITEMS); i++)
		if (IsConfidentError(FmaListObject(items, i)))
			n_confident++;
	FmaPutTable(page, &table, items);
	if (n_confident == 0)
		FmaPut(page->out, "<p class=\"none-confident\">None of these rows is a confident error.</p>\n");
}

/* "20 of 1,788 rows, 598 of these confident errors" */
static void
PutHowMany(FmaPage *page, FmaNode *group, FmaNode *items)
{
	StringInfo	out = page->out;
	double		total = FmaNodeNumber(group, "total");
	double		confident = FmaNodeNumber(group, "confident_errors");

	FmaPut(out, "<p>");
	FmaPutFigure(out, FmaCountText(FmaListLength(items)));
	if (!isnan(total))
	{
		FmaPut(out, " of ");
		FmaPutFigure(out, FmaCountText(total));
	}
	if (!isnan(confident))
	{
		FmaPut(out, "; confident errors among all: ");
		FmaPutFigure(out, FmaCountText(confident));
	}
	FmaPut(out, ".</p>\n");
}

/* Begins the rows of a cell, with its name and a way back */
static void
BeginCell(FmaPage *page, int truth, int prediction)
{
	StringInfo	out = page->out;

	appendStringInfo(out, "<div class=\"rows\" id=\"cell-%d-%d\"><h3>", truth, prediction);
	FmaPutData(out, FmaListText(page->labels, truth), FMA_SHOWN_LENGTH);
	if (truth == prediction)
		FmaPut(out, ", predicted right");
	else
	{
		FmaPut(out, " taken for ");
		FmaPutData(out, FmaListText(page->labels, prediction), FMA_SHOWN_LENGTH);
	}
	FmaPut(out, "</h3>\n");
}

/* The same of a hotspot */
static void
BeginHotspot(FmaPage *page, int rank)
{
	appendStringInfo(page->out, "<div class=\"rows\" id=\"hotspot-%d-rows\"><h3>Hotspot %d: ", rank, rank);
	FmaPutData(page->out, FmaNodeText(page->hotspots[rank], "slice"), 2 * FMA_SHOWN_LENGTH);
	FmaPut(page->out, "</h3>\n");
}

/* What all groups have: how many, a way back, the rows, the SQL */
static void
PutGroup(FmaPage *page, const char *name, FmaNode *group, const char *back)
{
	FmaNode    *items = FmaNodeList(group, "items");

	PutHowMany(page, group, items);
	if (back != NULL)
		appendStringInfo(page->out, "<p class=\"back\"><a href=\"%s\">back</a></p>\n", back);
	if (FmaListLength(items) > 0)
		PutItems(page, name, items);
	FmaPutSql(page, "SQL that lists them all", FmaNodeText(group, "sql"));
	FmaPut(page->out, "</div>\n");
}

/* Puts the groups of the kinds that a click asks for; notes which there are */
static void
PutGroups(FmaPage *page, FmaNode *groups, bool *cells, bool *hotspots)
{
	for (int i = 0; i < Min(FmaListLength(groups), MAX_GROUPS); i++)
	{
		FmaNode    *group = FmaListObject(groups, i);
		char	   *kind = FmaNodeText(group, "kind");

		CHECK_FOR_INTERRUPTS();
		if (kind != NULL && strcmp(kind, "cell") == 0)
		{
			int			truth = FmaFindLabel(page, FmaNodeText(group, "truth"));
			int			prediction = FmaFindLabel(page, FmaNodeText(group, "prediction"));

			if (truth < 0 || prediction < 0 || cells[truth * page->n_labels + prediction] || !FmaCellHasRows(page, truth, prediction))
				continue;
			cells[truth * page->n_labels + prediction] = true;
			BeginCell(page, truth, prediction);
			PutGroup(page, psprintf("Rows of cell %d, %d of the matrix", truth, prediction), group, "#confusion");
		}
		else if (kind != NULL && strcmp(kind, "hotspot") == 0)
		{
			double		rank = FmaNodeNumber(group, "rank");

			if (!(rank >= 1 && rank <= FMA_MAX_HOTSPOTS) || rank != floor(rank) || page->hotspots[(int) rank] == NULL || hotspots[(int) rank])
				continue;
			hotspots[(int) rank] = true;
			BeginHotspot(page, (int) rank);
			PutGroup(page, psprintf("Rows of hotspot %d", (int) rank), group, psprintf("#hotspot-%d", (int) rank));
		}
	}
}

/* Ends a group without rows by the call that lists them; "filter" is SQL */
static void
PutListing(FmaPage *page, const char *filter)
{
	char	   *dataset = FmaNodeText(page->report, "dataset");
	char	   *version = FmaNodeText(FmaNodeObject(page->report, "run"), "model_version");

	FmaPut(page->out, "<pre><code>");
	FmaPutCut(page->out, psprintf("SELECT * FROM fma_list_predictions(%s, %s%s%s);", dataset == NULL ? "..." : quote_literal_cstr(dataset), filter,
								  version == NULL ? "" : ", model_version => ", version == NULL ? "" : quote_literal_cstr(version)), FMA_SQL_LENGTH);
	FmaPut(page->out, "</code></pre></div>\n");
}

/* The filter of a hotspot's failures: its conditions, since its rank is another one in another run */
static char *
HotspotFilter(FmaNode *hotspot, int rank)
{
	char	   *conditions = FmaNodeText(hotspot, "conditions");

	if (conditions == NULL)
		return psprintf("only_errors => true, hotspot => %d", rank);
	return psprintf("only_errors => true, conditions => %s", quote_literal_cstr(conditions));
}

/* For cells and hotspots that have no rows in the report: the SQL that lists them */
static void
PutListings(FmaPage *page, const bool *cells, const bool *hotspots)
{
	for (int rank = 1; rank <= FMA_MAX_HOTSPOTS; rank++)
		if (page->hotspots[rank] != NULL && !hotspots[rank])
		{
			BeginHotspot(page, rank);
			PutListing(page, HotspotFilter(page->hotspots[rank], rank));
		}
	for (int i = 0; i < page->n_labels; i++)
		for (int j = 0; j < page->n_labels; j++)
			if (!cells[i * page->n_labels + j] && FmaCellHasRows(page, i, j))
			{
				CHECK_FOR_INTERRUPTS();
				BeginCell(page, i, j);
				PutListing(page, psprintf("true_label => %s, pred_label => %s", quote_literal_cstr(FmaListText(page->labels, i)),
										  quote_literal_cstr(FmaListText(page->labels, j))));
			}
}

/* The errors of all rows, which are shown as long as no other group is */
static void
PutAllErrors(FmaPage *page, FmaNode *groups)
{
	for (int i = 0; i < Min(FmaListLength(groups), MAX_GROUPS); i++)
	{
		FmaNode    *group = FmaListObject(groups, i);
		char	   *kind = FmaNodeText(group, "kind");

		if (kind == NULL || strcmp(kind, "errors") != 0)
			continue;
		FmaPut(page->out, "<div class=\"rows\" id=\"errors-rows\"><h3>");
		if (page->is_loss)
			FmaPut(page->out, "All rows, the largest error first");
		else
		{
			FmaPut(page->out, "All failures");
			if (!isnan(FmaNodeNumber(group, "confident_errors")))
				FmaPut(page->out, ", the most confident first");
		}
		FmaPut(page->out, "</h3>\n");
		PutGroup(page, "Rows that failed", group, NULL);
		return;
	}
}

/* Links to the groups of the hotspots */
static void
PutGroupLinks(FmaPage *page)
{
	bool		is_first = true;

	for (int rank = 1; rank <= FMA_MAX_HOTSPOTS; rank++)
	{
		char	   *slice = FmaNodeText(page->hotspots[rank], "slice");

		if (page->hotspots[rank] == NULL)
			continue;
		if (is_first)
			FmaPut(page->out, "<p class=\"facts\">Rows of hotspots:");
		appendStringInfo(page->out, " <span><a href=\"#hotspot-%d-rows\">", rank);
		FmaPutData(page->out, slice, LINK_LENGTH);
		FmaPut(page->out, "</a></span>");
		is_first = false;
	}
	if (is_first)
		return;
	if (page->n_labels > 0)
		FmaPut(page->out, " <span>of a cell: a click in the <a href=\"#confusion\">matrix</a></span>");
	FmaPut(page->out, "</p>\n");
}

/* Whether the rows have a confidence, so that some errors can be confident ones */
static bool
HasConfidence(FmaNode *groups)
{
	for (int i = 0; i < Min(FmaListLength(groups), MAX_GROUPS); i++)
		if (!isnan(FmaNodeNumber(FmaListObject(groups, i), "confident_errors")))
			return true;
	return false;
}

/* The rows behind hotspots and cells: of all groups, the one whose link was followed is shown */
void
FmaPutExamples(FmaPage *page)
{
	FmaNode    *groups = FmaNodeList(FmaNodeObject(page->report, "examples"), "groups");
	bool	   *cells = palloc0_array(bool, Max(1, page->n_labels * page->n_labels));
	bool		hotspots[FMA_MAX_HOTSPOTS + 1] = {0};

	if (FmaListLength(groups) == 0)
		FmaPut(page->out, "<p class=\"about\">This report lists no rows. A click on a hotspot&rsquo;s link or on a cell of the matrix shows the SQL that does.</p>\n");
	PutGroupLinks(page);
	FmaPut(page->out, "<div class=\"groups\">\n");
	if (HasConfidence(groups))
		FmaPut(page->out, "<input type=\"checkbox\" id=\"confident-only\"><label for=\"confident-only\">Only confident errors</label>\n");
	PutGroups(page, groups, cells, hotspots);
	PutListings(page, cells, hotspots);
	PutAllErrors(page, groups);
	FmaPut(page->out, "</div>\n");
}

/* Whether labels in a group of duplicates differ: one of them is wrong */
static void
PutDisagreement(FmaPage *page, FmaNode *row)
{
	if (FmaNodeTruth(row, "labels_disagree") == FMA_TRUE)
		FmaPut(page->out, "<span class=\"verdict no\">&#10007; differ</span>");
	else
		FmaPut(page->out, "<span class=\"verdict yes\">&#10003; agree</span>");
}

/* Whether a group is in more than one batch */
static void
PutCrossing(FmaPage *page, FmaNode *row)
{
	FmaPutText(page->out, FmaNodeTruth(row, "crosses_batches") == FMA_TRUE ? "several" : "one");
}

/* Rows with nearly the same embedding */
void
FmaPutDuplicates(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Representative", FMA_CELL_TEXT, "representative"},
		{"Rows", FMA_CELL_COUNT, "size"},
		{"Labels", FMA_CELL_TEXT, "labels"},
		{"Which", FMA_CELL_OWN, "labels_disagree", NULL, PutDisagreement},
		{"Batches", FMA_CELL_OWN, "crosses_batches", NULL, PutCrossing},
		{"Least similarity", FMA_CELL_NUMBER, "min_similarity"},
		{"Left out later", FMA_CELL_COUNT, "excluded"},
		{"Ids", FMA_CELL_TEXT, "ids"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Groups of near-duplicates", columns), .is_titled = true, .max_rows = MAX_DUPLICATES};
	double		total = FmaNodeNumber(page->report, "duplicates_total");

	FmaPut(page->out, "<p class=\"about\">Rows with nearly the same embedding. Where their labels differ, one of them is wrong; where they are in several "
		   "batches, a test may have seen what it was trained on.");
	if (!isnan(total))
	{
		FmaPut(page->out, " In all ");
		FmaPutFigure(page->out, FmaCountText(total));
		FmaPut(page->out, " groups, in <code>fma_duplicate_review</code>.");
	}
	FmaPut(page->out, "</p>\n");
	FmaPutTable(page, &table, FmaNodeList(page->report, "duplicates"));
}

/* A duration to the millisecond */
static void
PutSeconds(FmaPage *page, FmaNode *row)
{
	appendStringInfo(page->out, "%.3f", FmaNodeNumber(row, "seconds"));
}

/* What was left out, how it was tested, and what the run did */
void
FmaPutNotes(FmaPage *page)
{
	FmaNode    *notes = FmaNodeList(page->report, "notes");
	FmaNode    *stages = FmaNodeList(page->report, "stages");
	const FmaPageColumn columns[] = {
		{"Stage", FMA_CELL_TEXT, "stage"},
		{"Status", FMA_CELL_TEXT, "status"},
		{"Seconds", FMA_CELL_OWN_NUMBER, "seconds", NULL, PutSeconds},
		{"Results", FMA_CELL_COUNT, "rows"},
		{"Note", FMA_CELL_TEXT, "message"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Stages of the run", columns), .is_titled = true, .max_rows = 100, .more = "fma_run_log"};

	if (FmaListLength(notes) > 0)
		FmaPut(page->out, "<ul>\n");
	for (int i = 0; i < Min(FmaListLength(notes), FMA_MAX_TABLE_ROWS); i++)
	{
		char	   *note = FmaListText(notes, i);

		if (note == NULL)
			continue;
		FmaPut(page->out, "<li dir=\"auto\">");
		FmaPutCut(page->out, note, 5 * FMA_TITLE_LENGTH);
		FmaPut(page->out, "</li>\n");
	}
	if (FmaListLength(notes) > 0)
		FmaPut(page->out, "</ul>\n");
	if (FmaListLength(stages) == 0)
		return;
	FmaPut(page->out, "<details><summary>What the run did</summary>\n");
	FmaPutTable(page, &table, stages);
	FmaPut(page->out, "</details>\n");
}

/* A line of facts, if there is such a fact */
static void
PutFact(FmaPage *page, const char *name, FmaNode *object, const char *key)
{
	char	   *value = FmaNodeText(object, key);
	TimestampTz time;

	if (value == NULL)
		return;
	appendStringInfo(page->out, "<div><dt>%s</dt><dd>", name);
	if (FmaNodeTime(object, key, &time))
	{
		FmaPut(page->out, "<span title=\"");
		FmaPutText(page->out, value);
		FmaPut(page->out, "\">");
		FmaPutText(page->out, FmaTimeText(time, page->zone));
		FmaPut(page->out, "</span>");
	}
	else
		FmaPutData(page->out, value, FMA_SHOWN_LENGTH);
	FmaPut(page->out, "</dd></div>\n");
}

/* Which run of what, and the SQL that makes it again */
void
FmaPutReproduce(FmaPage *page)
{
	FmaNode    *run = FmaNodeObject(page->report, "run");
	FmaNode    *statements = FmaNodeList(page->report, "reproduce");

	FmaPut(page->out, "<dl class=\"facts\">\n");
	PutFact(page, "Dataset", page->report, "dataset");
	PutFact(page, "Source", page->report, "source");
	PutFact(page, "Task", page->report, "task");
	PutFact(page, "Model version", run, "model_version");
	PutFact(page, "Run", run, "run_id");
	PutFact(page, "Run at", run, "started_at");
	PutFact(page, "Rows from", run, "first_at");
	PutFact(page, "Rows to", run, "last_at");
	PutFact(page, "Times are in", run, "timezone");
	PutFact(page, "fma", page->report, "fma_version");
	FmaPut(page->out, "</dl>\n");
	for (int i = 0; i < Min(FmaListLength(statements), FMA_MAX_TABLE_ROWS); i++)
	{
		char	   *statement = FmaListText(statements, i);

		if (statement == NULL)
			continue;
		FmaPut(page->out, "<pre tabindex=\"0\"><code>");
		FmaPutCut(page->out, statement, FMA_SQL_LENGTH);
		FmaPut(page->out, "</code></pre>\n");
	}
}
