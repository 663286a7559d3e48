/*
 * problems.h
 *		Everything that is wrong with what a user asked for, to be said at once.
 */
#ifndef FMA_PROBLEMS_H
#define FMA_PROBLEMS_H

#include "fma.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* A line for each problem, as an error's detail has them */
typedef struct FmaProblems
{
	int			count;
	StringInfoData text;
	char	   *hint;			/* for the error as a whole, or NULL */
} FmaProblems;

extern void FmaInitProblems(FmaProblems *problems);
extern void FmaAddProblem(FmaProblems *problems, const char *argument, const char *format,...) pg_attribute_printf(3, 4);
extern bool FmaTryNoting(FmaProblems *problems, const char *argument, void (*work) (void *), void *data);
extern char *FmaDidYouMean(const char *name, List *names);

#endif							/* FMA_PROBLEMS_H */
