/*
 * settings.h
 *		The settings of a dataset: their names, and what their values must be.
 */
#ifndef FMA_SETTINGS_H
#define FMA_SETTINGS_H

#include "dataset.h"
#include "problems.h"

/* What a setting's value must be */
typedef enum FmaSettingKind
{
	FMA_SETTING_TEXT,
	FMA_SETTING_TEXTS,			/* array of strings */
	FMA_SETTING_WORD,			/* one of a list */
	FMA_SETTING_MAPPING,		/* object of strings */
	FMA_SETTING_NUMBER,
	FMA_SETTING_INTEGER
} FmaSettingKind;

typedef struct FmaSetting
{
	const char *key;
	FmaSettingKind kind;
	const char *const *words;
	double		low;			/* numbers: limits, both included */
	double		high;
} FmaSetting;

#define FMA_NARGUMENTS 27		/* settings that are arguments of fma_register */
#define FMA_NSETTINGS 40		/* and after them its options */

/* In the order of fma_register's arguments */
extern const FmaSetting FmaSettings[FMA_NSETTINGS];

/* A dataset as it is to become */
typedef struct FmaCandidate
{
	FmaDataset	dataset;
	JsonbValue *values[FMA_NSETTINGS];
	bool		changed[FMA_NSETTINGS];
	bool		derived[FMA_NSETTINGS]; /* since nobody chose them */
	FmaProblems problems;
} FmaCandidate;

extern int	FmaFindSetting(const char *key);
extern List *FmaSettingNames(bool options);
extern JsonbValue *FmaNumberValue(double number);
extern JsonbValue *FmaStringValue(const char *text);
extern JsonbValue *FmaStringsValue(List *texts);
extern char *FmaStringOf(const JsonbValue *value);
extern void FmaChangeSetting(FmaCandidate *candidate, int setting, JsonbValue *value);
extern void FmaChangeOptions(FmaCandidate *candidate, JsonbValue *options);
extern void FmaAssembleSettings(FmaCandidate *candidate);
extern void FmaTakeSettings(FmaCandidate *candidate);

#endif							/* FMA_SETTINGS_H */
