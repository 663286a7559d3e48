/*
 * masks.h
 *		The names of a mask's labels.
 */
#ifndef FMA_MASKS_H
#define FMA_MASKS_H

#include "labels.h"
#include "mask_runs.h"
#include "matrix.h"

extern const Jsonb *FmaMaskNamesArg(FunctionCallInfo fcinfo, int argno);
extern FmaLabel FmaMaskLabelName(const Jsonb *names, const char *mask, uint16 label);
extern FmaConfusion *FmaCountSegments(const FmaConfusion *pixels, double iou, const FmaLabel *background);

#endif							/* FMA_MASKS_H */
