/*
 * images.c
 *		Tasks whose rows are images.
 *
 * An image's truth and prediction are masks or sets of boxes.  Compared, they
 * are a confusion matrix; whether the image failed, and what it adds to the
 * matrix of a segment of the rows, are functions of it.
 */
#include "images.h"

#include "utils/builtins.h"

#include "known.h"
#include "masks.h"
#include "metrics.h"

/* The background of detections: what an object missed is predicted as, and an invented one truly is */
#define DETECTION_BACKGROUND "background"

#define DEFAULT_MIN_CONFIDENCE 0.5
#define DEFAULT_MIN_IOU 0.5

/* What an image can be judged by: functions of its matrix.  Without any objects there is nothing to miss or invent. */
static const struct
{
	FmaTask		task;
	const char *name;
	const char *function;
	const char *arguments;
}			image_metrics[] =
{
	/* the first of a task is the default */
	{FMA_SEGMENTATION, "IoU", "fma_iou", ""},
	{FMA_SEGMENTATION, "PixelAccuracy", "fma_accuracy", ""},
	{FMA_SEGMENTATION, "F1Score", "fma_f1", ""},
	{FMA_DETECTION, "Recall", "fma_recall", ", 'micro', '" DETECTION_BACKGROUND "', zero_division => 1"},
	{FMA_DETECTION, "Precision", "fma_precision", ", 'micro', '" DETECTION_BACKGROUND "', zero_division => 1"},
	{FMA_DETECTION, "F1Score", "fma_f1", ", 'micro', '" DETECTION_BACKGROUND "', zero_division => 1"}
};

bool
FmaRowsAreImages(const FmaDataset *dataset)
{
	return dataset->task == FMA_SEGMENTATION || dataset->task == FMA_DETECTION;
}

/* Whether there is a confusion matrix: of rows, pixels or objects */
bool
FmaHasLabels(const FmaDataset *dataset)
{
	return dataset->task == FMA_CLASSIFICATION || FmaRowsAreImages(dataset);
}

/* The label of the matrix that is no class, or NULL */
const char *
FmaBackground(const FmaDataset *dataset)
{
	return dataset->task == FMA_DETECTION ? DETECTION_BACKGROUND : NULL;
}

bool
FmaIsImageMetric(FmaTask task, const char *name)
{
	for (int i = 0; i < lengthof(image_metrics); i++)
		if (image_metrics[i].task == task && strcmp(image_metrics[i].name, name) == 0)
			return true;
	return false;
}

/* "IoU, PixelAccuracy" */
char *
FmaListImageMetrics(FmaTask task)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < lengthof(image_metrics); i++)
		if (image_metrics[i].task == task)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", image_metrics[i].name);
	return list.data;
}

/* Reads what the tasks of this file have as settings */
void
FmaReadImageSettings(FmaDataset *dataset)
{
	dataset->metric = NULL;
	dataset->min_metric = 0.0;
	dataset->min_confidence = FmaSettingNumber(dataset, "min_confidence", DEFAULT_MIN_CONFIDENCE);
	dataset->min_iou = FmaSettingNumber(dataset, "min_iou", DEFAULT_MIN_IOU);
	dataset->ignore_label = FmaSettingNumber(dataset, "ignore_label", FMA_DEFAULT_IGNORE_LABEL);
	if (!FmaRowsAreImages(dataset) || dataset->failed != NULL)
		return;
	dataset->metric = FmaSettingText(dataset, "metric");
	for (int i = 0; i < lengthof(image_metrics) && dataset->metric == NULL; i++)
		if (image_metrics[i].task == dataset->task)
			dataset->metric = pstrdup(image_metrics[i].name);
	/* Half of what could be, or all objects */
	dataset->min_metric = FmaSettingNumber(dataset, "min_metric", dataset->task == FMA_DETECTION ? 1.0 : 0.5);
}

/* fma_image_confusion of two columns */
static char *
ObjectsSql(const char *truth, const char *prediction, double min_confidence, double min_iou, const char *background)
{
	return psprintf("%s.fma_image_confusion(%s, %s, %s, %s, true, %s)", FmaSchema(), truth, prediction,
					FmaFloat8ToString(min_confidence), FmaFloat8ToString(min_iou), quote_literal_cstr(background));
}

/* The matrix of a truth and a prediction; NULL where one is */
char *
FmaConfusionOfSql(const FmaDataset *dataset, const char *truth, const char *prediction)
{
	if (dataset->task == FMA_DETECTION)
		return ObjectsSql(truth, prediction, dataset->min_confidence, dataset->min_iou, DETECTION_BACKGROUND);
	return psprintf("%s.fma_mask_confusion(%s, %s, %s, %d)", FmaSchema(), truth, prediction,
					dataset->labels == NULL ? "NULL" : psprintf("%s::jsonb", quote_literal_cstr(dataset->labels)),
					dataset->ignore_label);
}

/* A row's own, over the alias t */
char *
FmaConfusionSql(const FmaDataset *dataset)
{
	return FmaConfusionOfSql(dataset, FmaColumnSql(dataset, FMA_TRUTH), FmaColumnSql(dataset, FMA_PREDICTION));
}

/*
 * The same at the thresholds of a rule, over rows with the columns truth,
 * prediction, confidence and confusion.  Masks are not read again.
 */
char *
FmaConfusionAtSql(const FmaDataset *dataset, const FmaThreshold *threshold, const char *alias)
{
	const char *schema = FmaSchema();
	char	   *background = quote_literal_cstr(threshold->below_label);
	char	   *confusion = psprintf("%s.confusion", alias);

	if (dataset->task == FMA_DETECTION)
		return ObjectsSql(psprintf("%s.truth", alias), psprintf("%s.prediction", alias), threshold->min_confidence,
						  threshold->min_iou, threshold->below_label);
	if (threshold->min_confidence > 0.0)
		confusion = psprintf("CASE WHEN %s.confidence < %s THEN %s.fma_all_predicted_as(%s, %s) ELSE %s END", alias,
							 FmaFloat8ToString(threshold->min_confidence), schema, confusion, background, confusion);
	return isnan(threshold->min_iou) ? confusion :
		psprintf("%s.fma_count_segments(%s, %s, %s)", schema, confusion, FmaFloat8ToString(threshold->min_iou), background);
}

/* A metric of the image, as SQL over its matrix */
static char *
MetricSql(int metric, const char *confusion)
{
	return psprintf("%s.%s(%s%s)", FmaSchema(), image_metrics[metric].function, confusion, image_metrics[metric].arguments);
}

/* Whether an image failed: its metric is too low; NULL where it is unlabelled */
char *
FmaMatrixFailedSql(const FmaDataset *dataset, const char *confusion)
{
	for (int i = 0; i < lengthof(image_metrics); i++)
		if (image_metrics[i].task == dataset->task && strcmp(image_metrics[i].name, dataset->metric) == 0)
			return psprintf("(%s < %s)", MetricSql(i, confusion), FmaFloat8ToString(dataset->min_metric));
	elog(ERROR, "unknown metric \"%s\" of task %s", dataset->metric, FmaTaskNames[dataset->task]);
}

/*
 * The same over the alias t.  The columns of a view may be sub-selects that
 * make an image's boxes, so each is named once.
 */
char *
FmaImageFailedSql(const FmaDataset *dataset)
{
	return psprintf("(SELECT %s FROM (SELECT %s AS truth, %s AS prediction OFFSET 0) AS v)",
					FmaKnownSql(dataset, "v.truth", "v.prediction",
								FmaMatrixFailedSql(dataset, FmaConfusionOfSql(dataset, "v.truth", "v.prediction"))),
					FmaColumnSql(dataset, FMA_TRUTH), FmaColumnSql(dataset, FMA_PREDICTION));
}

/* All about an image's matrix, as JSON: its metrics, its labels, its cells */
char *
FmaMatrixMetricsSql(const FmaDataset *dataset, const char *confusion)
{
	const char *schema = FmaSchema();
	const char *background = FmaBackground(dataset);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CASE WHEN %s IS NOT NULL THEN jsonb_build_object(", confusion);
	for (int i = 0; i < lengthof(image_metrics); i++)
		if (image_metrics[i].task == dataset->task)
			appendStringInfo(&sql, "'%s', %s, ", image_metrics[i].name, MetricSql(i, confusion));
	appendStringInfo(&sql, "'labels', (SELECT coalesce(jsonb_agg(jsonb_build_object('label', m.label, 'support', m.support, "
					 "'predicted', m.predicted, 'precision', m.precision, 'recall', m.recall, 'f1', m.f1, 'iou', m.iou)), '[]') "
					 "FROM %s.fma_class_metrics(%s) AS m WHERE m.label IS DISTINCT FROM %s), ", schema, confusion,
					 background == NULL ? "NULL" : quote_literal_cstr(background));
	appendStringInfo(&sql, "'cells', (SELECT coalesce(jsonb_agg(jsonb_build_object('truth', e.truth, 'prediction', e.prediction, 'n', e.n)), '[]') "
					 "FROM %s.fma_cells(%s, false) AS e)) END", schema, confusion);
	return sql.data;
}

/* Whether a matrix has a cell, or with a label that is NULL any cell of the other's */
char *
FmaHasCellSql(const char *confusion, const char *truth, const char *prediction)
{
	return psprintf("%s.fma_has_cell(%s, %s, %s)", FmaSchema(), confusion,
					truth == NULL ? "NULL" : quote_literal_cstr(truth),
					prediction == NULL ? "NULL" : quote_literal_cstr(prediction));
}

/* A label argument */
static FmaLabel
LabelArg(FunctionCallInfo fcinfo, int argno)
{
	text	   *label = PG_GETARG_TEXT_PP(argno);

	return FmaMakeLabel(VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label));
}

PG_FUNCTION_INFO_V1(fma_all_predicted_as);
/* (confusion, label): the matrix as if every prediction had been that label; counts only, no weights */
Datum
fma_all_predicted_as(PG_FUNCTION_ARGS)
{
	FmaConfusion *confusion = FmaConfusionArg(fcinfo, 0);
	FmaConfusion *result = FmaConfusionBuild(FmaConfusionEmpty(), false);
	FmaLabel	label = LabelArg(fcinfo, 1);
	uint64		position = 0;
	FmaCell		cell;

	while (FmaNextCell(confusion, &position, &cell))
	{
		FmaLabel	truth = FmaConfusionLabel(confusion, cell.truth);

		cell.truth = FmaConfusionAddLabel(&result, &truth);
		cell.prediction = FmaConfusionAddLabel(&result, &label);
		FmaConfusionAddCell(&result, &cell);
	}
	PG_RETURN_POINTER(FmaConfusionCompact(result));
}

PG_FUNCTION_INFO_V1(fma_count_segments);
/* (confusion of an image's pixels, iou, background): that of its segments */
Datum
fma_count_segments(PG_FUNCTION_ARGS)
{
	FmaLabel	background = LabelArg(fcinfo, 2);

	PG_RETURN_POINTER(FmaCountSegments(FmaConfusionArg(fcinfo, 0), FmaCheckUnit("iou", PG_GETARG_FLOAT8(1)), &background));
}

PG_FUNCTION_INFO_V1(fma_has_cell);
/* (confusion, truth, prediction): whether it has a cell of these labels; NULL is any */
Datum
fma_has_cell(PG_FUNCTION_ARGS)
{
	FmaConfusion *confusion;
	int64		wanted[2] = {-1, -1};
	uint64		position = 0;
	FmaCell		cell;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	confusion = FmaConfusionArg(fcinfo, 0);
	for (int i = 0; i < 2; i++)
	{
		FmaLabel	label;

		if (PG_ARGISNULL(1 + i))
			continue;
		label = LabelArg(fcinfo, 1 + i);
		wanted[i] = FmaFindConfusionLabel(confusion, &label);
		if (wanted[i] < 0)
			PG_RETURN_BOOL(false);
	}
	while (FmaNextCell(confusion, &position, &cell))
		if ((wanted[0] < 0 || cell.truth == wanted[0]) && (wanted[1] < 0 || cell.prediction == wanted[1]))
			PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(false);
}
