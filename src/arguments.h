/*
 * arguments.h
 *		The arguments that the finders share, checked.
 */
#ifndef FMA_ARGUMENTS_H
#define FMA_ARGUMENTS_H

#include "statistics.h"

extern void FmaNeedArg(FunctionCallInfo fcinfo, int argno, const char *name);
extern int64 FmaIntegerArg(FunctionCallInfo fcinfo, int argno, const char *name, int64 low, int64 high);
extern double FmaNumberArg(FunctionCallInfo fcinfo, int argno, const char *name);
extern char *FmaWordArg(FunctionCallInfo fcinfo, int argno, const char *name);
extern char *FmaTimezoneArg(FunctionCallInfo fcinfo, int argno);
extern FmaCorrection FmaCorrectionArg(FunctionCallInfo fcinfo, int argno);

#endif							/* FMA_ARGUMENTS_H */
