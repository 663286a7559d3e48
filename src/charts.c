/*
 * charts.c
 *		Bars in tables, and the reliability diagram.
 */
#include "charts.h"

/* Bars, in pixels */
#define BAR_WIDTH 150
#define BAR_HEIGHT 18
#define BAR_MIDDLE 9

/* The reliability diagram, in pixels: a square, and a strip of counts below it */
#define DIAGRAM_LEFT 48
#define DIAGRAM_TOP 8
#define DIAGRAM_SIZE 288
#define STRIP_TOP (DIAGRAM_TOP + DIAGRAM_SIZE + 10)
#define STRIP_HEIGHT 36
#define DIAGRAM_WIDTH (DIAGRAM_LEFT + DIAGRAM_SIZE + 14)
#define DIAGRAM_HEIGHT (STRIP_TOP + STRIP_HEIGHT + 38)

/* A calibration has ten bins; what has many more is none */
#define MAX_BINS 100

/* Round numbers for an axis: their distance, so that about so many reach "max" */
double
FmaAxisStep(double max, int ticks)
{
	double		rough = max / ticks;
	double		power = pow(10, floor(log10(rough)));
	double		digit = rough / power;

	return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

/* A value's place on a bar */
static double
BarX(const FmaBar *bar, double value)
{
	return Max(0, Min(1, value / bar->max)) * (BAR_WIDTH - 2) + 1;
}

/* Appends a bar; a table's cells beside it say the numbers */
void
FmaPutBar(StringInfo out, const FmaBar *bar)
{
	if (isnan(bar->value) || !(bar->max > 0))
		return;
	appendStringInfo(out, "<svg class=\"bar%s\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\"><path d=\"M1 %dH%.0f\"/>",
					 bar->value < bar->baseline ? " better" : "", BAR_WIDTH, BAR_HEIGHT, BAR_MIDDLE, BarX(bar, bar->value));
	/* What one looks for is the part beyond the rate of all rows. */
	if (bar->value > bar->baseline)
		appendStringInfo(out, "<path class=\"excess\" d=\"M%.0f %dH%.0f\"/>", BarX(bar, bar->baseline), BAR_MIDDLE, BarX(bar, bar->value));
	if (!isnan(bar->low) && !isnan(bar->high))
		appendStringInfo(out, "<path d=\"M%.0f %dH%.0fm0-3v6M%.0f 6v6\"/>",
						 BarX(bar, bar->low), BAR_MIDDLE, BarX(bar, bar->high), BarX(bar, bar->low));
	if (!isnan(bar->baseline))
		appendStringInfo(out, "<path class=\"base\" d=\"M%.0f 0v%d\"/>", BarX(bar, bar->baseline), BAR_HEIGHT);
	FmaPut(out, "</svg>");
}

/* Places of a share in the diagram */
static double
DiagramX(double share)
{
	return DIAGRAM_LEFT + Max(0, Min(1, share)) * DIAGRAM_SIZE;
}

static double
DiagramY(double share)
{
	return DIAGRAM_TOP + (1 - Max(0, Min(1, share))) * DIAGRAM_SIZE;
}

/* The frame: grid, diagonal, the names of the axes */
static void
PutDiagramFrame(StringInfo out)
{
	appendStringInfo(out, "<svg class=\"diagram\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
					 "aria-label=\"Reliability diagram: accuracy by confidence; the table beside it has the numbers\">\n"
					 "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
					 "<path class=\"hatch\" d=\"M0 0V5\"/></pattern></defs>\n",
					 DIAGRAM_WIDTH, DIAGRAM_HEIGHT, DIAGRAM_WIDTH, DIAGRAM_HEIGHT);
	for (int percent = 0; percent <= 100; percent += 20)
	{
		appendStringInfo(out, "<path class=\"grid\" d=\"M%d %.1fh%d\"/><text class=\"tick end\" x=\"%d\" y=\"%.1f\">%d%s</text>"
						 "<text class=\"tick mid\" x=\"%.1f\" y=\"%d\">%d</text>\n",
						 DIAGRAM_LEFT, DiagramY(percent / 100.0), DIAGRAM_SIZE, DIAGRAM_LEFT - 6, DiagramY(percent / 100.0) + 4, percent,
						 percent == 100 ? "&#8239;%" : "", DiagramX(percent / 100.0), STRIP_TOP + STRIP_HEIGHT + 15, percent);
	}
	appendStringInfo(out, "<path class=\"ideal\" d=\"M%d %dL%d %d\"/>\n"
					 "<text class=\"axis mid\" x=\"%d\" y=\"%d\">Confidence, %%</text>"
					 "<text class=\"axis mid\" transform=\"translate(11 %d) rotate(-90)\">Accuracy</text>\n",
					 DIAGRAM_LEFT, DIAGRAM_TOP + DIAGRAM_SIZE, DIAGRAM_LEFT + DIAGRAM_SIZE, DIAGRAM_TOP,
					 DIAGRAM_LEFT + DIAGRAM_SIZE / 2, DIAGRAM_HEIGHT - 4, DIAGRAM_TOP + DIAGRAM_SIZE / 2);
}

/* What a pointer that rests on a bin is told */
static void
PutBinTitle(StringInfo out, FmaNode *bin)
{
	double		low = FmaNodeNumber(bin, "ci_low");
	double		high = FmaNodeNumber(bin, "ci_high");

	FmaPut(out, "<title>Confidence ");
	FmaPutInterval(out, FmaNodeNumber(bin, "low"), FmaNodeNumber(bin, "high"), FmaRoundPercentText);
	FmaPut(out, ": ");
	FmaPutFigure(out, FmaCountText(FmaNodeNumber(bin, "n")));
	FmaPut(out, " rows, mean confidence ");
	FmaPutFigure(out, FmaPercentText(FmaNodeNumber(bin, "mean_confidence")));
	FmaPut(out, ", right ");
	FmaPutFigure(out, FmaPercentText(FmaNodeNumber(bin, "accuracy")));
	if (!isnan(low) && !isnan(high))
	{
		FmaPut(out, " (95&#8239;% interval ");
		FmaPutInterval(out, low, high, FmaPercentText);
		FmaPut(out, ")");
	}
	FmaPut(out, "</title>");
}

/* One bin: the gap as a bar, the point with its interval, the count below */
static void
PutBin(StringInfo out, FmaNode *bin, double most)
{
	double		low = FmaNodeNumber(bin, "low");
	double		high = FmaNodeNumber(bin, "high");
	double		n = FmaNodeNumber(bin, "n");
	double		confidence = FmaNodeNumber(bin, "mean_confidence");
	double		accuracy = FmaNodeNumber(bin, "accuracy");
	double		ci_low = FmaNodeNumber(bin, "ci_low");
	double		ci_high = FmaNodeNumber(bin, "ci_high");
	bool		is_over = accuracy < confidence;
	/* Where the interval contains the confidence, the gap may be chance. */
	bool		is_chance = ci_low <= confidence && confidence <= ci_high;

	if (isnan(low) || isnan(high) || !(high > low) || !(n > 0) || isnan(confidence) || isnan(accuracy))
		return;
	FmaPut(out, "<g>");
	PutBinTitle(out, bin);
	appendStringInfo(out, "<rect class=\"gap %s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
					 is_over ? "over" : "under", is_chance ? " chance" : "", DiagramX(low) + 2, DiagramY(Max(accuracy, confidence)),
					 Max(0.5, DiagramX(high) - DiagramX(low) - 4), Max(0.5, DiagramY(Min(accuracy, confidence)) - DiagramY(Max(accuracy, confidence))));
	if (!isnan(ci_low) && !isnan(ci_high))
		appendStringInfo(out, "<path class=\"whisker\" d=\"M%.1f %.1fV%.1f\"/>", DiagramX(confidence), DiagramY(ci_low), DiagramY(ci_high));
	appendStringInfo(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>"
					 "<rect class=\"count\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></g>\n",
					 DiagramX(confidence), DiagramY(accuracy), DiagramX(low) + 2, STRIP_TOP + STRIP_HEIGHT * (1 - n / most),
					 Max(0.5, DiagramX(high) - DiagramX(low) - 4), STRIP_HEIGHT * n / most);
}

/* Appends the reliability diagram of fma_calibration's rows */
void
FmaPutReliability(StringInfo out, FmaNode *bins)
{
	double		most = FmaListMax(bins, "n", 0);

	PutDiagramFrame(out);
	for (int i = 0; i < Min(FmaListLength(bins), MAX_BINS); i++)
		PutBin(out, FmaListObject(bins, i), most);
	appendStringInfo(out, "<path class=\"rule\" d=\"M%d %dh%d\"/></svg>\n", DIAGRAM_LEFT, STRIP_TOP + STRIP_HEIGHT, DIAGRAM_SIZE);
}
