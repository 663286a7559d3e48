/*
 * masks.h
 *		The names of a mask's labels.
 */
#ifndef FMA_MASKS_H
#define FMA_MASKS_H

#include "labels.h"
#include "mask_runs.h"

extern const Jsonb *FmaMaskNamesArg(FunctionCallInfo fcinfo, int argno);
extern FmaLabel FmaMaskLabelName(const Jsonb *names, const char *mask, uint16 label);

#endif							/* FMA_MASKS_H */
