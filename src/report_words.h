/*
 * report_words.h
 *		What a report says in words.
 */
#ifndef FMA_REPORT_WORDS_H
#define FMA_REPORT_WORDS_H

#include "report_values.h"

#include "nodes/pg_list.h"

/* Lists of char * */
extern List *FmaSummaryOfReport(FmaNode *report);
extern List *FmaNotesOfReport(FmaNode *report);

#endif							/* FMA_REPORT_WORDS_H */
