/*
 * box_confusion.c
 *		The outcomes of matching as counts: fma_box_confusion, fma_image_confusion.
 */
#include "box_sets.h"
#include "matching.h"

#include "arguments.h"
#include "matrix.h"

/* A confusion that is being made */
typedef struct BoxConfusion
{
	MemoryContext context;
	FmaConfusion *confusion;
	FmaLabel	background;
	FmaBoxes   *boxes;			/* where the labels are, or NULL */
	const FmaLabel *labels;		/* ... or the labels themselves */
} BoxConfusion;

/* An empty confusion, in the current memory context */
static void
StartConfusion(BoxConfusion *box_confusion, FunctionCallInfo fcinfo, int background_argno)
{
	char	   *background = FmaWordArg(fcinfo, background_argno, "background");

	box_confusion->context = CurrentMemoryContext;
	box_confusion->confusion = FmaConfusionBuild(FmaConfusionEmpty(), false);
	box_confusion->background = FmaMakeLabel(background, strlen(background));
}

/* A box's label, or the background where there is no box */
static const FmaLabel *
LabelOf(const BoxConfusion *box_confusion, const FmaBox *box)
{
	const FmaLabel *label;

	if (box == NULL)
		return &box_confusion->background;
	label = box_confusion->boxes != NULL ? &FmaBoxLabels(box_confusion->boxes)[box->label] : &box_confusion->labels[box->label];
	if (FmaSameLabel(label, &box_confusion->background))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a box has the label of the background"),
				 errdetail("The label is %s.", FmaLabelForMessage(label->bytes, label->length)),
				 errhint("Give such boxes another label; where background is an argument, another word for it does as well.")));
	return label;
}

/* Counts a row of the confusion (FmaOutcomeFunction) */
static void
CountOutcome(void *argument, FmaOutcome outcome, const FmaBox *truth, const FmaBox *prediction)
{
	BoxConfusion *box_confusion = argument;
	MemoryContext caller;

	if (outcome == FMA_CROWD)
		return;
	caller = MemoryContextSwitchTo(box_confusion->context);
	FmaConfusionAddRow(&box_confusion->confusion, LabelOf(box_confusion, truth), LabelOf(box_confusion, prediction), NULL);
	MemoryContextSwitchTo(caller);
}

PG_FUNCTION_INFO_V1(fma_box_confusion);
/*
 * fma_box_confusion(truth_query, prediction_query, conf, iou, across_labels,
 * max_detections, background): the counts of fma_match_boxes as an
 * fma_confusion, where a missed truth was predicted as background and an
 * invented box is one of the background.
 */
Datum
fma_box_confusion(PG_FUNCTION_ARGS)
{
	BoxConfusion box_confusion = {0};

	StartConfusion(&box_confusion, fcinfo, 6);
	FmaMatchQueries(fcinfo, false, &box_confusion.boxes, CountOutcome, &box_confusion);
	PG_RETURN_POINTER(FmaConfusionCompact(box_confusion.confusion));
}

PG_FUNCTION_INFO_V1(fma_image_confusion);
/*
 * fma_image_confusion(truth, prediction, conf, iou, across_labels, background):
 * the same for the boxes of one image.  A prediction without a score is
 * certain.  Predictions of one score are taken by label, then from the left;
 * of truths that overlap equally, the last in this order is found.
 */
Datum
fma_image_confusion(PG_FUNCTION_ARGS)
{
	BoxConfusion box_confusion = {0};
	FmaMatching matching = {0};
	FmaBudget	budget = {0, SIZE_MAX}; /* FMA_MAX_BOXES is the bound */
	FmaImageBoxes image;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	StartConfusion(&box_confusion, fcinfo, 5);
	FmaMatchingArgs(fcinfo, &matching);
	matching.candidates.budget = &budget;
	box_confusion.labels = FmaPairBoxSets(FmaBoxSetArg(fcinfo, 0), FmaBoxSetArg(fcinfo, 1), matching.conf, &image);
	FmaMatchImage(&matching, &image, CountOutcome, &box_confusion);
	PG_RETURN_POINTER(FmaConfusionCompact(box_confusion.confusion));
}
