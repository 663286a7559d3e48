/*
 * as_of.h
 *		Which run the views show.
 */
#ifndef FMA_AS_OF_H
#define FMA_AS_OF_H

#include "fma.h"

extern void FmaDefineAsOfRun(void);
extern int64 FmaAsOfRun(void);
extern int	FmaShowRun(int64 run);

#endif							/* FMA_AS_OF_H */
