/*
 * page_matrix.c
 *		What is taken for what: the confusion matrix, labels, and how far the
 *		confidence can be believed.
 */
#include "page.h"

#include "miscadmin.h"

#include "charts.h"

/* A matrix of more labels than this is printed small */
#define MANY_LABELS 14

/* Shades of a cell, beyond none */
#define SHADES 7

/* Characters of a label at the matrix's edge, and in a cell's title */
#define EDGE_LENGTH 24
#define CELL_TITLE_LENGTH 40

/* The ways to count cells: the key of each in "confusion" */
typedef enum Way
{
	BY_COUNT, BY_TRUTH, BY_PREDICTION, N_WAYS
} Way;

static const char *const way_keys[N_WAYS] = {"counts", "share_of_truth", "share_of_prediction"};

/* Classes of a cell begin with these */
static const char way_letters[N_WAYS] = {'c', 't', 'p'};

/* A cell of the matrix in one way of counting, or NaN */
static double
CellValue(FmaPage *page, Way way, int truth, int prediction)
{
	FmaNode    *rows = FmaNodeList(FmaNodeObject(page->report, "confusion"), way_keys[way]);

	return FmaListNumber(FmaListList(rows, truth), prediction);
}

double
FmaMatrixCount(FmaPage *page, int truth, int prediction)
{
	return CellValue(page, BY_COUNT, truth, prediction);
}

/* Whether a label of the matrix stands for several */
static bool
IsFolded(FmaPage *page, int label)
{
	return page->is_folded && label == page->n_labels - 1;
}

/* Whether there are rows of a cell that can be listed */
bool
FmaCellHasRows(FmaPage *page, int truth, int prediction)
{
	return FmaMatrixCount(page, truth, prediction) > 0 && !IsFolded(page, truth) && !IsFolded(page, prediction) &&
		FmaListText(page->labels, truth) != NULL && FmaListText(page->labels, prediction) != NULL;
}

/* The place of a label in the matrix, or -1 */
int
FmaFindLabel(FmaPage *page, const char *label)
{
	for (int i = 0; label != NULL && i < page->n_labels; i++)
	{
		char	   *other = FmaListText(page->labels, i);

		if (!IsFolded(page, i) && other != NULL && strcmp(label, other) == 0)
			return i;
	}
	return -1;
}

/* Radio buttons, which CSS reads: they stand before what they change */
static void
PutWays(StringInfo out)
{
	FmaPut(out, "<input type=\"radio\" name=\"confusion\" value=\"counts\" id=\"confusion-counts\" checked>"
		   "<label for=\"confusion-counts\">Counts</label>\n"
		   "<input type=\"radio\" name=\"confusion\" value=\"truth\" id=\"confusion-truth\">"
		   "<label for=\"confusion-truth\">% of truth</label>\n"
		   "<input type=\"radio\" name=\"confusion\" value=\"prediction\" id=\"confusion-prediction\">"
		   "<label for=\"confusion-prediction\">% of prediction</label>\n");
}

/* A label at the matrix's edge */
static void
PutEdge(FmaPage *page, int label, const char *scope)
{
	appendStringInfo(page->out, "<th scope=\"%s\">", scope);
	if (strcmp(scope, "col") == 0)
		FmaPut(page->out, "<span>");
	FmaPutData(page->out, FmaListText(page->labels, label), EDGE_LENGTH);
	appendStringInfoString(page->out, strcmp(scope, "col") == 0 ? "</span></th>" : "</th>");
}

/*
 * The shade of a cell.  Errors are shaded among errors, and what is right
 * among what is right: one scale for both would leave the errors white.
 */
static int
Shade(double value, double most)
{
	if (!(value > 0) || !(most > 0))
		return 0;
	return Min(SHADES, 1 + (int) (value / most * SHADES));
}

/* The largest values of the diagonal and beside it, in each way of counting */
static void
FindMost(FmaPage *page, double most[N_WAYS][2])
{
	for (int i = 0; i < page->n_labels; i++)
		for (int j = 0; j < page->n_labels; j++)
			for (int way = 0; way < N_WAYS; way++)
			{
				double		value = CellValue(page, way, i, j);

				if (value > most[way][i == j])
					most[way][i == j] = value;
			}
}

/* What a pointer that rests on a cell is told */
static void
PutCellTitle(FmaPage *page, int truth, int prediction, const double *values)
{
	StringInfo	out = page->out;

	FmaPut(out, " title=\"");
	FmaPutCut(out, FmaListText(page->labels, truth), CELL_TITLE_LENGTH);
	if (truth == prediction)
		FmaPut(out, ", right: ");
	else
	{
		FmaPut(out, " taken for ");
		FmaPutCut(out, FmaListText(page->labels, prediction), CELL_TITLE_LENGTH);
		FmaPut(out, ": ");
	}
	appendStringInfoString(out, FmaExactText(values[BY_COUNT]));
	if (!isnan(values[BY_TRUTH]))
		appendStringInfo(out, ", %s of truth", FmaExactText(values[BY_TRUTH]));
	if (!isnan(values[BY_PREDICTION]))
		appendStringInfo(out, ", %s of prediction", FmaExactText(values[BY_PREDICTION]));
	FmaPut(out, "\"");
}

/* A share in percent without its sign, which the radio button says */
static char *
ShareOfCell(double share)
{
	return share > 0 && share < 0.0005 ? pstrdup("<0.1") : share == 1.0 ? pstrdup("100") : psprintf("%.1f", share * 100);
}

static void
PutCell(FmaPage *page, int truth, int prediction, double most[N_WAYS][2])
{
	StringInfo	out = page->out;
	bool		is_right = truth == prediction;
	bool		has_rows = FmaCellHasRows(page, truth, prediction);
	double		values[N_WAYS];

	for (int way = 0; way < N_WAYS; way++)
		values[way] = CellValue(page, way, truth, prediction);
	if (!(values[BY_COUNT] > 0))
	{
		FmaPut(out, "<td class=\"zero\">0</td>");
		return;
	}
	appendStringInfoString(out, is_right ? "<td class=\"right " : "<td class=\"");
	for (int way = 0; way < N_WAYS; way++)
		appendStringInfo(out, "%s%c%d", way > 0 ? " " : "", way_letters[way], Shade(values[way], most[way][is_right]));
	FmaPut(out, "\">");
	if (has_rows)
	{
		appendStringInfo(out, "<a href=\"#cell-%d-%d\"", truth, prediction);
		PutCellTitle(page, truth, prediction, values);
		FmaPut(out, ">");
	}
	else
		FmaPut(out, "<span>");
	FmaPut(out, "<span>");
	FmaPutFigure(out, FmaCountText(values[BY_COUNT]));
	FmaPut(out, "</span><span>");
	FmaPutFigure(out, isnan(values[BY_TRUTH]) ? "-" : ShareOfCell(values[BY_TRUTH]));
	FmaPut(out, "</span><span>");
	FmaPutFigure(out, isnan(values[BY_PREDICTION]) ? "-" : ShareOfCell(values[BY_PREDICTION]));
	appendStringInfoString(out, has_rows ? "</span></a></td>" : "</span></span></td>");
}

static void
PutMatrixTable(FmaPage *page)
{
	StringInfo	out = page->out;
	double		most[N_WAYS][2] = {0};

	FindMost(page, most);
	appendStringInfo(out, "<section class=\"scroll matrix%s\" tabindex=\"0\" aria-label=\"Table: confusion matrix\"><table>"
					 "<caption>Rows are the truth, columns the prediction</caption>\n<thead><tr><th scope=\"col\" class=\"corner\">Truth</th>",
					 page->n_labels > MANY_LABELS ? " many" : "");
	for (int i = 0; i < page->n_labels; i++)
		PutEdge(page, i, "col");
	FmaPut(out, "</tr></thead>\n<tbody>\n");
	for (int i = 0; i < page->n_labels; i++)
	{
		CHECK_FOR_INTERRUPTS();
		FmaPut(out, "<tr>");
		PutEdge(page, i, "row");
		for (int j = 0; j < page->n_labels; j++)
			PutCell(page, i, j, most);
		FmaPut(out, "</tr>\n");
	}
	FmaPut(out, "</tbody></table></section>\n");
}

/* The confusion matrix: each cell leads to its rows */
void
FmaPutMatrix(FmaPage *page)
{
	double		folded = FmaNodeNumber(FmaNodeObject(page->report, "confusion"), "folded");
	int			length = FmaListLength(page->labels);

	FmaPut(page->out, "<p class=\"about\">A click on a cell shows its rows. The stronger the orange, the more often that mistake is made; "
		   "blue, on the diagonal, is right.</p>\n");
	if (folded > 0)
	{
		FmaPut(page->out, "<p class=\"about\">The labels most often confused; the last row and column are ");
		FmaPutFigure(page->out, FmaCountText(folded));
		FmaPut(page->out, " others together.</p>\n");
	}
	if (length > page->n_labels)
		appendStringInfo(page->out, "<p class=\"about\">The first %d of %d labels.</p>\n", page->n_labels, length);
	FmaPut(page->out, "<div class=\"switch\" role=\"group\" aria-label=\"Cells of the matrix\">\n");
	PutWays(page->out);
	PutMatrixTable(page);
	FmaPut(page->out, "</div>\n");
}

/* What a label is most often taken for, with a link to these rows */
static void
PutTakenFor(FmaPage *page, FmaNode *row)
{
	char	   *taken_for = FmaNodeText(row, "taken_for");
	double		n = FmaNodeNumber(row, "taken_for_n");
	int			truth = FmaFindLabel(page, FmaNodeText(row, "label"));
	int			prediction = FmaFindLabel(page, taken_for);
	bool		has_link = truth >= 0 && prediction >= 0 && FmaCellHasRows(page, truth, prediction);

	if (has_link)
		appendStringInfo(page->out, "<a href=\"#cell-%d-%d\">", truth, prediction);
	FmaPutData(page->out, taken_for, FMA_SHOWN_LENGTH);
	if (has_link)
		FmaPut(page->out, "</a>");
	if (!isnan(n))
	{
		FmaPut(page->out, " <span class=\"soft\">");
		FmaPutFigure(page->out, FmaCountText(n));
		FmaPut(page->out, "&nbsp;&times;</span>");
	}
}

/* Every label's metrics */
void
FmaPutLabels(FmaPage *page)
{
	const FmaPageColumn columns[] = {
		{"Label", FMA_CELL_TEXT, "label"},
		{"Truly", FMA_CELL_COUNT, "support"},
		{"Predicted", FMA_CELL_COUNT, "predicted"},
		{"Precision", FMA_CELL_NUMBER, "precision"},
		{"Recall", FMA_CELL_NUMBER, "recall"},
		{"F1", FMA_CELL_NUMBER, "f1"},
		{"IoU", FMA_CELL_NUMBER, "iou"},
		{"Missed", FMA_CELL_COUNT, "fn"},
		{"Of all errors", FMA_CELL_SHARE, "share_of_errors"},
		{"Most often taken for", FMA_CELL_OWN, "taken_for", NULL, PutTakenFor}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Labels, the most errors first", columns), .is_titled = true, .more = "fma_label_metrics"};

	FmaPutTable(page, &table, FmaNodeList(page->report, "labels"));
}

/* Whether the confidence is wrong by more than chance explains */
static void
PutCalibrationSentence(FmaPage *page, FmaNode *calibration)
{
	StringInfo	out = page->out;
	double		confidence = FmaNodeNumber(calibration, "mean_confidence");
	double		accuracy = FmaNodeNumber(calibration, "accuracy");
	double		ece = FmaNodeNumber(calibration, "ece");
	double		calibrated = FmaNodeNumber(calibration, "ece_if_calibrated");
	double		p = FmaNodeNumber(calibration, "ece_p_value");

	FmaPut(out, "<p>");
	if (!isnan(confidence) && !isnan(accuracy))
	{
		FmaPut(out, "On average the model claims ");
		FmaPutExactWord(out, confidence, FmaPercentText);
		FmaPut(out, " and is right in ");
		FmaPutExactWord(out, accuracy, FmaPercentText);
		FmaPut(out, ". ");
	}
	if (!isnan(ece))
	{
		FmaPut(out, "The expected calibration error is <strong>");
		FmaPutExactWord(out, ece, FmaPercentText);
		FmaPut(out, "</strong>");
	}
	if (!isnan(ece) && !isnan(calibrated))
	{
		FmaPut(out, "; a perfectly calibrated model would show ");
		FmaPutExactWord(out, calibrated, FmaPercentText);
		FmaPut(out, " with so many rows");
	}
	if (!isnan(ece) && !isnan(calibrated) && !isnan(p))
	{
		appendStringInfo(out, ", so this is %s chance (p&nbsp;%s", p < FMA_SIGNIFICANT ? "more than" : "no more than",
						 *FmaPText(p) == '<' ? "" : "=&nbsp;");
		FmaPutExactWord(out, p, FmaPText);
		FmaPut(out, ")");
	}
	appendStringInfoString(out, isnan(ece) ? "</p>\n" : ".</p>\n");
}

/* A bin's bounds */
static void
PutBinBounds(FmaPage *page, FmaNode *row)
{
	FmaPutInterval(page->out, FmaNodeNumber(row, "low"), FmaNodeNumber(row, "high"), FmaRoundPercentText);
}

static bool
BinHasRows(FmaPage *page, FmaNode *row)
{
	return FmaNodeNumber(row, "n") > 0;
}

/* The reliability diagram, and its numbers beside it */
void
FmaPutCalibration(FmaPage *page)
{
	FmaNode    *calibration = FmaNodeObject(page->report, "calibration");
	FmaNode    *bins = FmaNodeList(calibration, "bins");
	const FmaPageColumn columns[] = {
		{"Confidence", FMA_CELL_OWN, NULL, NULL, PutBinBounds},
		{"Rows", FMA_CELL_COUNT, "n"},
		{"Mean confidence", FMA_CELL_SHARE, "mean_confidence"},
		{"Accuracy", FMA_CELL_SHARE, "accuracy"},
		{"95&nbsp;% interval", FMA_CELL_RANGE, "ci_low", "ci_high"},
		{"Gap, points", FMA_CELL_DIFFERENCE, "gap"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Bins of the confidence", columns), .is_titled = true, .is_wanted = BinHasRows};

	PutCalibrationSentence(page, calibration);
	FmaPut(page->out, "<div class=\"beside\"><figure>");
	FmaPutReliability(page->out, bins);
	FmaPut(page->out, "<p class=\"legend\"><span><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"gap over\" width=\"14\" height=\"14\"/></svg> "
		   "overconfident: claims more than it holds</span> "
		   "<span><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"gap under\" width=\"14\" height=\"14\"/></svg> underconfident</span> "
		   "<span>pale: within the interval</span> <span>grey bars: rows in each bin</span></p></figure>\n");
	FmaPutTable(page, &table, bins);
	FmaPut(page->out, "</div>\n");
}

static void
PutThreshold(FmaPage *page, FmaNode *row)
{
	FmaPutFigure(page->out, FmaRoundPercentText(FmaNodeNumber(row, "threshold")));
}

/* Thresholds that the table shows */
static bool
IsRoundThreshold(FmaPage *page, FmaNode *row)
{
	static const int percents[] = {0, 50, 60, 70, 80, 85, 90, 95, 97, 99};
	double		threshold = FmaNodeNumber(row, "threshold");

	for (int i = 0; i < lengthof(percents); i++)
		if (fabs(threshold * 100 - percents[i]) < 1e-6)
			return true;
	return false;
}

/* What is left and how right it is, from each confidence on */
void
FmaPutConfidenceCurve(FmaPage *page)
{
	FmaNode    *curve = FmaNodeList(page->report, "confidence_curve");
	const FmaPageColumn columns[] = {
		{"Least confidence", FMA_CELL_OWN, NULL, NULL, PutThreshold},
		{"Rows left", FMA_CELL_COUNT, "n"},
		{"Coverage", FMA_CELL_SHARE, "coverage"},
		{"Errors left", FMA_CELL_COUNT, "errors"},
		{"Accuracy", FMA_CELL_SHARE, "accuracy"}
	};
	const FmaPageTable table = {FMA_PAGE_TABLE("Some thresholds", columns), .is_titled = true, .is_wanted = IsRoundThreshold};

	FmaPut(page->out, "<p class=\"about\">How many predictions are left, and how many of them are right, when only those with at least "
		   "a given confidence are used.</p>\n<figure>");
	FmaPutCurveChart(page->out, curve);
	FmaPut(page->out, "</figure>\n");
	FmaPutTable(page, &table, curve);
}
