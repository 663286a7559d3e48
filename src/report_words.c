/*
 * report_words.c
 *		What a report says in words: three sentences made from its numbers, and
 *		what a reader has to know of the data.
 */
#include "report_words.h"

#include "figures.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

/* Hotspots and labels of data are named in this many; the rest is counted */
#define NAMED_HOTSPOTS 3

/* Names from data that are longer are cut in a sentence */
#define NAME_BYTES 80

/* From here on "2 times" says enough */
#define LARGE_LIFT 10.0

/* A name from the data, in quotes */
static char *
Quoted(const char *name)
{
	int			shown = pg_mbcliplen(name, strlen(name), NAME_BYTES);

	return psprintf("\"%.*s%s\"", shown, name, name[shown] == '\0' ? "" : "...");
}

/* "1 hotspot", "2 hotspots" */
static char *
Counted(double n, const char *noun)
{
	return psprintf("%s %s%s", FmaCountText(n), noun, n == 1 ? "" : "s");
}

static const char *
RowNoun(FmaNode *report)
{
	char	   *row = FmaNodeText(report, "row_means");

	return row != NULL && strcmp(row, "image") == 0 ? "image" : "prediction";
}

/* Whether the report is about errors that are numbers, and says no rate */
static bool
HasNoRate(FmaNode *report)
{
	FmaNode    *overview = FmaNodeObject(report, "overview");

	return isnan(FmaNodeNumber(overview, "failure_rate")) && !isnan(FmaNodeNumber(overview, "mae"));
}

/* " (95 % interval 13.9 % to 16.8 %)", or nothing where there is none */
static char *
IntervalText(FmaNode *figures)
{
	double		low = FmaNodeNumber(figures, "ci_low");
	double		high = FmaNodeNumber(figures, "ci_high");

	return isnan(low) || isnan(high) ? "" :
		psprintf(" (95 %% interval %s to %s)", FmaPercentText(low), FmaPercentText(high));
}

/* ", between ... and ...", or nothing where no time is known */
static char *
SpanText(FmaNode *report)
{
	FmaNode    *run = FmaNodeObject(report, "run");
	pg_tz	   *zone = FmaReportZone(report);
	TimestampTz first,
				last;

	if (!FmaNodeTime(run, "first_at", &first) || !FmaNodeTime(run, "last_at", &last))
		return "";
	if (first == last)
		return psprintf(", at %s", FmaTimeText(first, zone));
	return psprintf(", between %s and %s", FmaTimeText(first, zone), FmaTimeText(last, zone));
}

/* " of model version "v2"", or nothing where there are none */
static char *
VersionText(FmaNode *report)
{
	char	   *version = FmaNodeText(FmaNodeObject(report, "run"), "model_version");

	return version == NULL ? "" : psprintf(" of model version %s", Quoted(version));
}

/* The first sentence, where errors are numbers: how large they are */
static char *
ErrorSentence(FmaNode *report, double labelled)
{
	FmaNode    *overview = FmaNodeObject(report, "overview");

	return psprintf("The mean absolute error of %s%s is %s (root mean squared error %s, bias %s%s)%s.",
					Counted(labelled, RowNoun(report)), VersionText(report), FmaNumberText(FmaNodeNumber(overview, "mae")),
					FmaNumberText(FmaNodeNumber(overview, "rmse")), FmaNodeNumber(overview, "bias") > 0 ? "+" : "",
					FmaNumberText(FmaNodeNumber(overview, "bias")), SpanText(report));
}

/* The first sentence: how often the model fails */
static char *
RateSentence(FmaNode *report)
{
	FmaNode    *overview = FmaNodeObject(report, "overview");
	const char *noun = RowNoun(report);
	double		n = FmaNodeNumber(overview, "n");
	double		labelled = n - FmaNodeNumber(overview, "unlabelled");
	double		failures = FmaNodeNumber(overview, "failures");
	double		rate = FmaNodeNumber(overview, "failure_rate");
	char	   *rows = Counted(labelled, noun);

	if (!(n > 0))
		return psprintf("There are no %ss%s to look at.", noun, VersionText(report));
	if (HasNoRate(report))
		return ErrorSentence(report, labelled);
	if (isnan(rate))
		return psprintf("Of %s%s none can be judged: truth or prediction is missing.", Counted(n, noun), VersionText(report));
	if (labelled == 1)
		return psprintf("The only %s%s %s%s.", noun, VersionText(report), failures > 0 ? "failed" : "did not fail", SpanText(report));
	if (failures == 0)
		return psprintf("None of %s%s failed%s%s.", rows, VersionText(report), IntervalText(overview), SpanText(report));
	if (failures == labelled)
		return psprintf("All %s%s failed%s%s.", rows, VersionText(report), IntervalText(overview), SpanText(report));
	return psprintf("%s of %s%s failed%s%s.", FmaPercentText(rate), rows, VersionText(report), IntervalText(overview), SpanText(report));
}

/* What the message of a stage that was left out begins with */
#define LEFT_OUT "left out: "

/* Why a stage was left out, or NULL if it was not */
static char *
LeftOut(FmaNode *report, const char *stage)
{
	FmaNode    *stages = FmaNodeList(report, "stages");

	for (int i = 0; i < FmaListLength(stages); i++)
	{
		FmaNode    *one = FmaListObject(stages, i);
		char	   *name = FmaNodeText(one, "stage");
		char	   *message = FmaNodeText(one, "message");

		if (name != NULL && strcmp(name, stage) == 0)
			return message != NULL && strncmp(message, LEFT_OUT, strlen(LEFT_OUT)) == 0 ? message + strlen(LEFT_OUT) : NULL;
	}
	return NULL;
}

/* What new rows say of a hotspot; NULL if none were asked */
static const char *
ConfirmationText(FmaNode *hotspot)
{
	char	   *verdict = FmaNodeText(hotspot, "confirmation");

	if (verdict == NULL || strcmp(verdict, "new") == 0)
		return NULL;
	return strcmp(verdict, "too few rows") == 0 ? "too few new rows to confirm it" : psprintf("%s on new rows", verdict);
}

/*
 * "hour >= 19" (23.4 % of all failures, 1.3 times the overall rate, confirmed on
 * new rows); those after the first need not say again what the numbers are
 */
static char *
HotspotText(FmaNode *report, FmaNode *hotspot, bool first)
{
	const char *of_all = HasNoRate(report) ? " of all error" : " of all failures";
	const char *overall = HasNoRate(report) ? " the mean error" : " the overall rate";
	double		share = FmaNodeNumber(hotspot, "share_of_failures");
	double		lift = FmaNodeNumber(hotspot, "lift");
	char	   *slice = FmaNodeText(hotspot, "slice");
	const char *verdict = ConfirmationText(hotspot);
	List	   *facts = NIL;
	StringInfoData text;
	ListCell   *cell;

	if (!isnan(share))
		facts = lappend(facts, psprintf("%s%s", FmaPercentText(share), first ? of_all : ""));
	if (!isnan(lift))
		facts = lappend(facts, psprintf("%.*f times%s", lift < LARGE_LIFT ? 1 : 0, lift, first ? overall : ""));
	if (verdict != NULL)
		facts = lappend(facts, unconstify(char *, verdict));
	initStringInfo(&text);
	appendStringInfoString(&text, slice == NULL ? "a slice" : Quoted(slice));
	foreach(cell, facts)
		appendStringInfo(&text, "%s%s", cell == list_head(facts) ? " (" : ", ", (char *) lfirst(cell));
	appendStringInfoString(&text, facts == NIL ? "" : ")");
	return text.data;
}

/* Whether new rows have told nothing of any hotspot */
static bool
NoneTested(FmaNode *hotspots)
{
	for (int i = 0; i < FmaListLength(hotspots); i++)
		if (ConfirmationText(FmaListObject(hotspots, i)) != NULL)
			return false;
	return true;
}

/* The second sentence: where it fails more than elsewhere */
static char *
HotspotSentence(FmaNode *report)
{
	FmaNode    *hotspots = FmaNodeList(report, "hotspots");
	char	   *left_out = LeftOut(report, "slices");
	int			n = FmaListLength(hotspots);
	int			named = Min(n, NAMED_HOTSPOTS);
	StringInfoData text;

	if (left_out != NULL)
		return psprintf("Hotspots were not searched (%s).", left_out);
	if (n == 0 && FmaNodeNumber(FmaNodeObject(report, "overview"), "failures") == 0)
		return pstrdup("Without failures there are no hotspots.");
	if (n == 0)
		return pstrdup("No hotspot was found: no slice of the rows is reliably worse than the rest.");
	initStringInfo(&text);
	appendStringInfo(&text, "%s concentrate in ", HasNoRate(report) ? "Large errors" : "Failures");
	for (int i = 0; i < named; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : i == named - 1 && named == n ? " and " : ", ",
						 HotspotText(report, FmaListObject(hotspots, i), i == 0));
	if (named < n)
		appendStringInfo(&text, ", and in %s", Counted(n - named, "more hotspot"));
	appendStringInfo(&text, "%s.", NoneTested(hotspots) ? "; new rows have yet to confirm this" : "");
	return text.data;
}

/* Whether two intervals have values in common; unknown where one is missing */
static FmaTruth
IntervalsOverlap(FmaNode *a, FmaNode *b)
{
	double		a_low = FmaNodeNumber(a, "ci_low");
	double		a_high = FmaNodeNumber(a, "ci_high");
	double		b_low = FmaNodeNumber(b, "ci_low");
	double		b_high = FmaNodeNumber(b, "ci_high");

	if (isnan(a_low) || isnan(a_high) || isnan(b_low) || isnan(b_high))
		return FMA_UNKNOWN;
	return a_low <= b_high && b_low <= a_high ? FMA_TRUE : FMA_FALSE;
}

/* A rate, or a mean error */
static char *
FigureText(FmaNode *report, double value)
{
	return HasNoRate(report) ? FmaNumberText(value) : FmaPercentText(value);
}

/* "the failure rate fell from 15.8 % to 15.3 % (the intervals overlap)" */
static char *
ChangeText(FmaNode *report, FmaNode *previous)
{
	FmaNode    *overview = FmaNodeObject(report, "overview");
	const char *key = HasNoRate(report) ? "mae" : "failure_rate";
	const char *name = HasNoRate(report) ? "mean absolute error" : "failure rate";
	double		before = FmaNodeNumber(previous, key);
	double		now = FmaNodeNumber(overview, key);
	FmaTruth	overlap = HasNoRate(report) ? FMA_UNKNOWN : IntervalsOverlap(previous, overview);

	if (isnan(before) || isnan(now))
		return psprintf("no %s can be compared", name);
	if (before == now)
		return psprintf("the %s has not changed", name);
	if (strcmp(FigureText(report, before), FigureText(report, now)) == 0)
		return psprintf("the %s has hardly changed", name);
	return psprintf("the %s %s from %s to %s%s", name, now < before ? "fell" : "rose",
					FigureText(report, before), FigureText(report, now),
					overlap == FMA_UNKNOWN ? "" : overlap == FMA_TRUE ? " (the intervals overlap)" : " (the intervals do not overlap)");
}

/* "; within this run's time it changed once, at ...", or nothing */
static char *
ChangepointText(FmaNode *report)
{
	FmaNode    *changes = FmaNodeList(FmaNodeObject(report, "timeline"), "changepoints");
	int			n = FmaListLength(changes);
	FmaNode    *last = NULL;
	TimestampTz last_time = DT_NOBEGIN,
				time;

	for (int i = 0; i < n; i++)
		if (FmaNodeTime(FmaListObject(changes, i), "time", &time) && (last == NULL || time > last_time))
		{
			last = FmaListObject(changes, i);
			last_time = time;
		}
	if (last == NULL)
		return "";
	return psprintf("; over time it changed %s %s (from %s to %s)", n == 1 ? "once, as of" : psprintf("%s, last as of", Counted(n, "time")),
					FmaTimeText(last_time, FmaReportZone(report)),
					FigureText(report, FmaNodeNumber(last, "rate_before")), FigureText(report, FmaNodeNumber(last, "rate_after")));
}

/* "; 3 of 11 checks of rules fail", or nothing */
static char *
RulesText(FmaNode *report)
{
	double		total = FmaNodeNumber(report, "rules_total");
	double		failed = FmaNodeNumber(report, "rules_failed");

	if (!(total > 0) || isnan(failed))
		return "";
	if (failed == 0)
		return psprintf("; no rule is broken in %s", Counted(total, "check"));
	return psprintf("; %s of %s of rules fail%s", FmaCountText(failed), Counted(total, "check"), failed == 1 ? "s" : "");
}

/* The third sentence: what is new */
static char *
NewsSentence(FmaNode *report)
{
	FmaNode    *previous = FmaNodeObject(report, "previous");
	char	   *since;
	TimestampTz time;

	if (previous == NULL)
		since = pstrdup("This is the first run, with none to compare it with");
	else
		since = psprintf("Since run %.0f%s %s", FmaNodeNumber(previous, "run_id"),
						 FmaNodeTime(previous, "time", &time) ? psprintf(" (%s, %s)", FmaTimeText(time, FmaReportZone(report)),
																		 Counted(FmaNodeNumber(previous, "n"), RowNoun(report))) : "",
						 ChangeText(report, previous));
	return psprintf("%s%s%s.", since, ChangepointText(report), RulesText(report));
}

/* The three sentences that a report begins with */
List *
FmaSummaryOfReport(FmaNode *report)
{
	return list_make3(RateSentence(report), HotspotSentence(report), NewsSentence(report));
}

/* Notes a list that shows fewer than there are */
static List *
NoteCut(List *notes, FmaNode *report, const char *list, const char *total, const char *what)
{
	int			shown = FmaListLength(FmaNodeList(report, list));
	double		all = FmaNodeNumber(report, total);

	return all > shown ? lappend(notes, psprintf("%s of %s %s are shown.", FmaCountText(shown), FmaCountText(all), what)) : notes;
}

/* What the stages left out */
static List *
NoteStages(List *notes, FmaNode *report)
{
	FmaNode    *stages = FmaNodeList(report, "stages");

	for (int i = 0; i < FmaListLength(stages); i++)
	{
		char	   *message = FmaNodeText(FmaListObject(stages, i), "message");

		if (message != NULL)
			notes = lappend(notes, psprintf("Stage %s: %s.", FmaNodeText(FmaListObject(stages, i), "stage"), message));
	}
	return notes;
}

/* What a reader has to know of the rows */
static List *
NoteRows(List *notes, FmaNode *report)
{
	FmaNode    *overview = FmaNodeObject(report, "overview");
	double		unlabelled = FmaNodeNumber(overview, "unlabelled");
	double		units = FmaNodeNumber(overview, "n_units");
	double		effect = FmaNodeNumber(overview, "design_effect");
	int			versions = FmaListLength(FmaNodeList(report, "versions"));

	if (unlabelled > 0)
		notes = lappend(notes, psprintf("%s of %s without truth or prediction: counted as rows, and in nothing else.",
										FmaCountText(unlabelled), Counted(FmaNodeNumber(overview, "n"), RowNoun(report))));
	if (!isnan(units))
		notes = lappend(notes, psprintf("Rows are not independent: they come in %s, by which intervals and tests count%s.", Counted(units, "unit"),
										isnan(effect) ? "" : psprintf(" (design effect %s)", FmaNumberText(effect))));
	if (versions > 1)
		notes = lappend(notes, psprintf("There are %d model versions; the overview and the comparison show them all, the rest is%s.", versions, VersionText(report)));
	return notes;
}

/* The data notes of a report: rows, what was left out or cut, how it was corrected for many tests */
List *
FmaNotesOfReport(FmaNode *report)
{
	List	   *notes = NIL;
	double		folded = FmaNodeNumber(FmaNodeObject(report, "confusion"), "folded");

	notes = NoteRows(notes, report);
	notes = NoteStages(notes, report);
	if (FmaListLength(FmaNodeList(report, "slices")) > 0)
		notes = lappend(notes, pstrdup("q-values of slices and hotspots are corrected for all slices tested (Benjamini-Hochberg), those of a confirmation by Holm's method."));
	if (FmaListLength(FmaNodeList(report, "hotspots")) > 0)
		notes = lappend(notes, pstrdup("A hotspot's rate is inflated by having been searched for; that on new rows, where there are some, is not."));
	if (folded > 0)
		notes = lappend(notes, psprintf("The confusion matrix shows the labels with most errors; (other) is %s more.", FmaCountText(folded)));
	notes = NoteCut(notes, report, "places", "places_total", "places");
	notes = NoteCut(notes, report, "batches", "batches_total", "batches");
	notes = NoteCut(notes, report, "rules", "rules_total", "checks of rules");
	return NoteCut(notes, report, "duplicates", "duplicates_total", "groups of near-duplicates");
}
