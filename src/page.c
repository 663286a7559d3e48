/*
 * page.c
 *		fma_render_html: a report as one page of HTML.
 *
 * The page has no script and asks for nothing: images of data are the one
 * exception, where the report names addresses of https.  What is chosen on it
 * (how the confusion matrix is counted, whose rows are shown) is chosen by
 * radio buttons, a checkbox and the fragment of the address, which CSS reads.
 */
#include "page.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fma_render_html);

/* A dataset's name in the title of a window */
#define TITLE_LENGTH 40

/* A section, which is there when its part of the report is */
typedef struct Section
{
	const char *id;
	const char *title;
	bool		(*is_there) (FmaPage *page);
	void		(*put) (FmaPage *page);
} Section;

/* Whether the report has a list with something in it */
static bool
HasList(FmaPage *page, const char *key)
{
	return FmaListLength(FmaNodeList(page->report, key)) > 0;
}

static bool
Always(FmaPage *page)
{
	return true;
}

static bool
HasHotspots(FmaPage *page)
{
	return FmaNodeList(page->report, "hotspots") != NULL;
}

static bool
HasMatrix(FmaPage *page)
{
	return page->n_labels > 0;
}

static bool
HasLabels(FmaPage *page)
{
	return HasList(page, "labels");
}

static bool
HasCalibration(FmaPage *page)
{
	return FmaListLength(FmaNodeList(FmaNodeObject(page->report, "calibration"), "bins")) > 0;
}

static bool
HasCurve(FmaPage *page)
{
	return HasList(page, "confidence_curve");
}

static bool
HasTimeline(FmaPage *page)
{
	return FmaListLength(FmaNodeList(FmaNodeObject(page->report, "timeline"), "points")) > 0;
}

static bool
HasBatches(FmaPage *page)
{
	return HasList(page, "batches");
}

static bool
HasClusters(FmaPage *page)
{
	return HasList(page, "clusters");
}

static bool
HasPlaces(FmaPage *page)
{
	return HasList(page, "places");
}

static bool
HasSpaceTime(FmaPage *page)
{
	return HasList(page, "space_time");
}

static bool
HasRules(FmaPage *page)
{
	return HasList(page, "rules");
}

static bool
HasComparison(FmaPage *page)
{
	return HasList(page, "comparison") || FmaListLength(FmaNodeList(page->report, "versions")) > 1;
}

static bool
HasDrift(FmaPage *page)
{
	return HasList(page, "drift");
}

static bool
HasExplanation(FmaPage *page)
{
	return HasList(page, "explanation");
}

static bool
HasDuplicates(FmaPage *page)
{
	return HasList(page, "duplicates");
}

static bool
HasNotes(FmaPage *page)
{
	return HasList(page, "notes") || HasList(page, "stages");
}

/* The page from top to bottom: first what fails, then where, when, and how it is known */
static const Section sections[] = {
	{"what-fails", "What fails", Always, FmaPutWhatFails},
	{"hotspots", "Hotspots", HasHotspots, FmaPutHotspots},
	{"confusion", "Confusion matrix", HasMatrix, FmaPutMatrix},
	{"labels", "Labels", HasLabels, FmaPutLabels},
	{"calibration", "Calibration", HasCalibration, FmaPutCalibration},
	{"confidence-curve", "Confidence curve", HasCurve, FmaPutConfidenceCurve},
	{"timeline", "Timeline", HasTimeline, FmaPutTimeline},
	{"batches", "Batches", HasBatches, FmaPutBatches},
	{"clusters", "Clusters", HasClusters, FmaPutClusters},
	{"places", "Places", HasPlaces, FmaPutPlaces},
	{"space-time", "Space and time", HasSpaceTime, FmaPutSpaceTime},
	{"rules", "Rules", HasRules, FmaPutRules},
	{"comparison", "Model versions", HasComparison, FmaPutComparison},
	{"drift", "Drift", HasDrift, FmaPutDrift},
	{"explanation", "Why the rate changed", HasExplanation, FmaPutExplanation},
	{"examples", "Example rows", FmaHasExamples, FmaPutExamples},
	{"duplicates", "Near-duplicates", HasDuplicates, FmaPutDuplicates},
	{"notes", "Notes on the data", HasNotes, FmaPutNotes},
	{"reproduce", "How to reproduce", Always, FmaPutReproduce}
};

/* Reads what several sections need */
static void
OpenPage(FmaPage *page, Jsonb *report)
{
	FmaNode    *overview;
	FmaNode    *confusion;
	char	   *row_means;
	double		unlabelled;

	page->report = FmaOpenReport(report);
	page->zone = FmaReportZone(page->report);
	row_means = FmaNodeText(page->report, "row_means");
	page->rows = row_means != NULL && strcmp(row_means, "image") == 0 ? "images" : "rows";

	overview = FmaNodeObject(page->report, "overview");
	unlabelled = FmaNodeNumber(overview, "unlabelled");
	page->labelled = FmaNodeNumber(overview, "n") - (isnan(unlabelled) ? 0 : unlabelled);
	page->baseline = FmaNodeNumber(overview, "failure_rate");
	page->is_loss = isnan(page->baseline) && !isnan(FmaNodeNumber(overview, "mae"));
	if (page->is_loss)
		page->baseline = FmaNodeNumber(overview, "mae");

	confusion = FmaNodeObject(page->report, "confusion");
	page->labels = FmaNodeList(confusion, "labels");
	page->n_labels = Min(FmaListLength(page->labels), FMA_MAX_MATRIX);
	page->is_folded = FmaNodeNumber(confusion, "folded") > 0;
	if (FmaNodeList(confusion, "counts") == NULL)
		page->n_labels = 0;
}

/* The dataset's name */
static char *
DatasetName(FmaPage *page)
{
	char	   *name = FmaNodeText(page->report, "dataset");

	return name == NULL ? "unnamed dataset" : name;
}

/* Appends the style sheet without the spaces that only its source has */
static void
PutStyle(StringInfo out)
{
	char		last = '{';

	for (int i = 0; FmaPageStyle[i] != NULL; i++)
		for (const char *p = FmaPageStyle[i]; *p != '\0'; p++)
		{
			bool		is_space = *p == ' ' || *p == '\n';

			if (is_space && (strchr("{};:, ", last) != NULL || p[1] == '{' || p[1] == '}'))
				continue;
			last = is_space ? ' ' : *p;
			appendStringInfoCharMacro(out, last);
		}
}

static void
PutHead(FmaPage *page)
{
	StringInfo	out = page->out;

	FmaPut(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data: https:\">\n"
		   "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
		   "<meta name=\"generator\" content=\"fma\">\n<title>");
	FmaPutCut(out, DatasetName(page), TITLE_LENGTH);
	FmaPut(out, ": failure report</title>\n<style>\n");
	PutStyle(out);
	FmaPut(out, "\n</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#what-fails\">Skip to the report</a>\n");
}

/* " from 2001-04-01 to 2001-05-31", as far as it is known */
static void
PutTimeRange(FmaPage *page, FmaNode *run)
{
	TimestampTz time;

	if (FmaNodeTime(run, "first_at", &time))
	{
		FmaPut(page->out, " from ");
		FmaPutText(page->out, FmaTimeText(time, page->zone));
	}
	if (FmaNodeTime(run, "last_at", &time))
	{
		FmaPut(page->out, " to ");
		FmaPutText(page->out, FmaTimeText(time, page->zone));
	}
}

/* The name of the dataset, and what was looked at */
static void
PutHeader(FmaPage *page)
{
	StringInfo	out = page->out;
	FmaNode    *run = FmaNodeObject(page->report, "run");
	char	   *version = FmaNodeText(run, "model_version");
	double		run_id = FmaNodeNumber(run, "run_id");
	TimestampTz made_at;

	FmaPut(out, "<header>\n<p class=\"kicker\">Failure report</p>\n<h1>");
	FmaPutData(out, DatasetName(page), FMA_SHOWN_LENGTH);
	FmaPut(out, "</h1>\n<p class=\"facts\">");
	if (!isnan(page->labelled))
	{
		FmaPut(out, "<span>");
		FmaPutFigure(out, FmaCountText(page->labelled));
		appendStringInfo(out, " labelled %s", page->rows);
		PutTimeRange(page, run);
		FmaPut(out, "</span> ");
	}
	if (version != NULL)
	{
		FmaPut(out, "<span>model version ");
		FmaPutData(out, version, TITLE_LENGTH);
		FmaPut(out, "</span> ");
	}
	if (!isnan(run_id))
		appendStringInfo(out, "<span>run %.0f</span> ", run_id);
	if (FmaNodeTime(page->report, "made_at", &made_at))
	{
		FmaPut(out, "<span>made ");
		FmaPutText(out, FmaTimeText(made_at, page->zone));
		FmaPut(out, " (times in ");
		FmaPutText(out, pg_get_timezone_name(page->zone));
		FmaPut(out, ")</span>");
	}
	FmaPut(out, "</p>\n</header>\n");
}

/* Where the page comes from */
static void
PutFooter(FmaPage *page)
{
	char	   *version = FmaNodeText(page->report, "fma_version");

	FmaPut(page->out, "<footer>Made inside PostgreSQL by fma");
	if (version != NULL)
	{
		FmaPut(page->out, " ");
		FmaPutCut(page->out, version, TITLE_LENGTH);
	}
	FmaPut(page->out, ".</footer>\n");
}

static void
PutContents(FmaPage *page)
{
	FmaPut(page->out, "<nav aria-label=\"Contents\"><ol>\n");
	for (int i = 0; i < lengthof(sections); i++)
		if (sections[i].is_there(page))
			appendStringInfo(page->out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
	FmaPut(page->out, "</ol></nav>\n");
}

/* A section; what it allocates is freed with it */
static void
PutSection(FmaPage *page, const Section *section)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma section", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	appendStringInfo(page->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n",
					 section->id, section->id, section->id, section->title);
	section->put(page);
	FmaPut(page->out, "</section>\n");
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * fma_render_html(report jsonb) -> text: the page of a report that
 * fma_report_json made.  A report of another format is an error; anything
 * else in it that is not as it should be is left out.
 */
Datum
fma_render_html(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	FmaPage		page = {.out = &out};

	initStringInfo(&out);
	OpenPage(&page, PG_GETARG_JSONB_P(0));
	PutHead(&page);
	PutHeader(&page);
	FmaPut(&out, "<div class=\"columns\">\n");
	PutContents(&page);
	FmaPut(&out, "<main>\n");
	for (int i = 0; i < lengthof(sections); i++)
		if (sections[i].is_there(&page))
			PutSection(&page, &sections[i]);
	FmaPut(&out, "</main>\n</div>\n");
	PutFooter(&page);
	FmaPut(&out, "</body>\n</html>\n");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
