/*
 * images.h
 *		Tasks whose rows are images: each row has a confusion matrix of its own,
 *		of pixels, segments or objects.
 */
#ifndef FMA_IMAGES_H
#define FMA_IMAGES_H

#include "dataset.h"

/*
 * What a rule counts as a prediction.  In a run of images the rows of the
 * source have the columns truth, prediction, confidence and confusion.
 */
typedef struct FmaThreshold
{
	double		min_confidence;
	double		min_iou;		/* NaN: none */
	char	   *below_label;	/* what those below it count as */
} FmaThreshold;

extern bool FmaRowsAreImages(const FmaDataset *dataset);
extern bool FmaHasLabels(const FmaDataset *dataset);
extern const char *FmaBackground(const FmaDataset *dataset);

/* What an image is judged by, where nobody says what failed */
extern void FmaReadImageSettings(FmaDataset *dataset);
extern bool FmaIsImageMetric(FmaTask task, const char *name);
extern char *FmaListImageMetrics(FmaTask task);

/* SQL: the confusion matrix of an image, and whether it failed, over the alias t; and what is made of a matrix */
extern char *FmaConfusionOfSql(const FmaDataset *dataset, const char *truth, const char *prediction);
extern char *FmaConfusionSql(const FmaDataset *dataset);
extern char *FmaConfusionAtSql(const FmaDataset *dataset, const FmaThreshold *threshold, const char *alias);
extern char *FmaImageFailedSql(const FmaDataset *dataset);
extern char *FmaMatrixFailedSql(const FmaDataset *dataset, const char *confusion);
extern char *FmaMatrixMetricsSql(const FmaDataset *dataset, const char *confusion);
extern char *FmaHasCellSql(const char *confusion, const char *truth, const char *prediction);

#endif							/* FMA_IMAGES_H */
