/*
 * survey.h
 *		What must be known of a dataset's rows before they are summarised.
 */
#ifndef FMA_SURVEY_H
#define FMA_SURVEY_H

#include "run.h"

extern void FmaSurveySource(FmaRun *run);

#endif							/* FMA_SURVEY_H */
