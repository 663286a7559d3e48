/*
 * schedule.h
 *		Jobs of pg_cron, where it is installed.
 */
#ifndef FMA_SCHEDULE_H
#define FMA_SCHEDULE_H

#include "dataset.h"

extern void FmaRenameJob(const char *from, const char *to);

#endif							/* FMA_SCHEDULE_H */
