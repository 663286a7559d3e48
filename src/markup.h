/*
 * markup.h
 *		Strings and figures as HTML.
 *
 * Whatever comes from data goes through one of these; what a topic appends
 * itself are literals and integers of its own.  Text stands between tags or
 * between double quotes, where the same characters are special; no data ever
 * stands in CSS, in a script or in the name of anything, nor in an address but
 * that of an image, which FmaPutImage looks at.  The result is ASCII: other
 * characters are references, so that a page is the same in whatever encoding
 * a client writes it to a file.
 */
#ifndef FMA_MARKUP_H
#define FMA_MARKUP_H

#include "figures.h"

#include "lib/stringinfo.h"

/* Characters of a label or slice that are shown, and of what it is in full */
#define FMA_SHOWN_LENGTH 80
#define FMA_TITLE_LENGTH 250

extern void FmaPutText(StringInfo out, const char *text);
extern void FmaPutCut(StringInfo out, const char *text, int limit);
extern void FmaPutData(StringInfo out, const char *text, int limit);
extern void FmaPutFigure(StringInfo out, const char *figure);
extern void FmaPutWord(StringInfo out, const char *figure);
extern void FmaPutExactWord(StringInfo out, double value, char *(*format) (double value));
extern void FmaPutTitle(StringInfo out, double value, const char *figure);
extern void FmaPutInterval(StringInfo out, double low, double high, char *(*format) (double value));
extern bool FmaPutImage(StringInfo out, const char *address, const char *alternative);

/* Literals of a topic's own */
#define FmaPut(out, literal) appendBinaryStringInfo(out, "" literal, sizeof(literal) - 1)

#endif							/* FMA_MARKUP_H */
