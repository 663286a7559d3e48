/*
 * markup.c
 *		Strings and figures as HTML.
 */
#include "markup.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

/* What stands for a character that no page may contain */
#define REPLACEMENT 0xFFFD

/* The longest that one character becomes: &#1114111; */
#define LONGEST_REFERENCE 10

/* Images in a page: bytes of an address of https, and of one that is the image itself */
#define MAX_ADDRESS 2000
#define MAX_INLINE_IMAGE 300000

/* Room for so many bytes more, or a clear error */
static void
Reserve(StringInfo out, Size bytes)
{
	if (unlikely(out->len + bytes >= MaxAllocSize))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the report is too large for a page"),
				 errdetail("It would have more than %zu bytes.", (Size) MaxAllocSize - 1),
				 errhint("Ask for fewer examples, or for none.")));
	enlargeStringInfo(out, bytes);
}

/* Whether a page may not contain a character, not even as a reference to it */
static bool
IsForbidden(pg_wchar c)
{
	return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0) || (c >= 0xD800 && c <= 0xDFFF) ||
		(c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE || c > 0x10FFFF;
}

/* Appends one character, for where there is room */
static void
PutCharacter(StringInfo out, pg_wchar c)
{
	if (c == '\r')
		c = ' ';
	if (IsForbidden(c))
		c = REPLACEMENT;
	switch (c)
	{
		case '&':
			FmaPut(out, "&amp;");
			break;
		case '<':
			FmaPut(out, "&lt;");
			break;
		case '>':
			FmaPut(out, "&gt;");
			break;
		case '"':
			FmaPut(out, "&quot;");
			break;
		default:
			if (c < 0x80)
				appendStringInfoCharMacro(out, (char) c);
			else
				appendStringInfo(out, "&#%u;", (unsigned int) c);
	}
}

/* The next character of text that should be UTF-8 */
static pg_wchar
NextCharacter(const unsigned char **p, const unsigned char *end)
{
	int			length = pg_utf_mblen(*p);
	pg_wchar	c = REPLACEMENT;

	if (length <= end - *p && pg_utf8_islegal(*p, length))
		c = utf8_to_unicode(*p);
	else
		length = 1;
	*p += length;
	return c;
}

/* A string of this database as UTF-8; one without an encoding is taken for it */
static const unsigned char *
AsUtf8(const char *text)
{
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return (const unsigned char *) text;
	return (const unsigned char *) pg_server_to_any(text, strlen(text), PG_UTF8);
}

/* Appends text, for between tags or double quotes; cut after so many characters, with an ellipsis */
void
FmaPutCut(StringInfo out, const char *text, int limit)
{
	const unsigned char *p = AsUtf8(text);
	const unsigned char *end = p + strlen((const char *) p);

	/* What cannot fit is refused before it is made, and what is cut needs less. */
	Reserve(out, (Size) Min(end - p, limit) * LONGEST_REFERENCE + LONGEST_REFERENCE);
	for (int i = 0; p < end; i++)
	{
		if (i == limit)
		{
			FmaPut(out, "&hellip;");
			break;
		}
		PutCharacter(out, NextCharacter(&p, end));
	}
}

/* Appends the whole of a text */
void
FmaPutText(StringInfo out, const char *text)
{
	FmaPutCut(out, text, PG_INT32_MAX);
}

/* Whether a text has more characters than that */
static bool
IsLonger(const char *text, int limit)
{
	const unsigned char *p = AsUtf8(text);
	const unsigned char *end = p + strlen((const char *) p);

	for (int i = 0; i < limit && p < end; i++)
		(void) NextCharacter(&p, end);
	return p < end;
}

/* Whether a text may have letters that are written from right to left */
static bool
HasDirection(const char *text)
{
	for (; *text != '\0'; text++)
		if (IS_HIGHBIT_SET(*text))
			return true;
	return false;
}

/*
 * Appends a string from data, as an element of its own where its direction may
 * be its own; what is cut off stands in the title, as far as that is of use.
 */
void
FmaPutData(StringInfo out, const char *text, int limit)
{
	if (text == NULL)
		FmaPut(out, "<span class=\"none\">none</span>");
	else if (*text == '\0')
		FmaPut(out, "<span class=\"none\">empty</span>");
	else if (IsLonger(text, limit))
	{
		FmaPut(out, "<bdi title=\"");
		FmaPutCut(out, text, FMA_TITLE_LENGTH);
		FmaPut(out, "\">");
		FmaPutCut(out, text, limit);
		FmaPut(out, "</bdi>");
	}
	else if (!HasDirection(text))
		FmaPutText(out, text);
	else
	{
		FmaPut(out, "<bdi>");
		FmaPutText(out, text);
		FmaPut(out, "</bdi>");
	}
}

/* Appends a figure of figures.h with a true minus, where lines do not break */
void
FmaPutFigure(StringInfo out, const char *figure)
{
	for (const char *p = figure; *p != '\0'; p++)
	{
		if (*p == '-')
			FmaPut(out, "&minus;");
		else
			PutCharacter(out, (unsigned char) *p);
	}
}

/* Appends a figure within a sentence: a line may not break between it and its unit */
void
FmaPutWord(StringInfo out, const char *figure)
{
	FmaPut(out, "<span class=\"word\">");
	FmaPutFigure(out, figure);
	FmaPut(out, "</span>");
}

/* The same, with its exact value in the title */
void
FmaPutExactWord(StringInfo out, double value, char *(*format) (double value))
{
	FmaPut(out, "<span class=\"word\"");
	FmaPutTitle(out, value, NULL);
	FmaPut(out, ">");
	FmaPutFigure(out, format(value));
	FmaPut(out, "</span>");
}

/* Appends a title that says a number exactly, unless the figure shown does */
void
FmaPutTitle(StringInfo out, double value, const char *figure)
{
	char	   *exact = FmaExactText(value);

	if (!isnan(value) && (figure == NULL || strcmp(exact, figure) != 0))
		appendStringInfo(out, " title=\"%s\"", exact);
}

/* Appends "low - high"; nothing when an end is missing */
void
FmaPutInterval(StringInfo out, double low, double high, char *(*format) (double value))
{
	char	   *from,
			   *to,
			   *space;

	if (isnan(low) || isnan(high))
		return;
	from = format(low);
	to = format(high);
	/* "14.2 %" to "16.5 %" is 14.2-16.5 %; units that differ stay. */
	space = strrchr(from, ' ');
	if (space != NULL && strrchr(to, ' ') != NULL && strcmp(space, strrchr(to, ' ')) == 0 && *from != '<' && *from != '>')
		*space = '\0';
	FmaPutFigure(out, from);
	if (strpbrk(from, "+-") != NULL || strpbrk(to, "+-") != NULL)
		FmaPut(out, " to ");
	else
		FmaPut(out, "&ndash;");
	FmaPutFigure(out, to);
}

/* Whether text begins with a prefix in ASCII, whatever the case */
static bool
BeginsWith(const char *text, const char *prefix)
{
	return pg_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Whether an address is https and has no character that an address cannot have */
static bool
IsHttps(const char *address)
{
	static const char scheme[] = "https://";

	if (!BeginsWith(address, scheme) || address[strlen(scheme)] == '\0' || strlen(address) > MAX_ADDRESS)
		return false;
	for (const char *p = address; *p != '\0'; p++)
		if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7F || strchr("\"'<>\\^`{|}", *p) != NULL)
			return false;
	return true;
}

/* Whether an address is itself an image of a kind that contains nothing but pixels */
static bool
IsInlineImage(const char *address)
{
	static const char *const kinds[] = {"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,"};
	const char *p = NULL;

	for (int i = 0; i < lengthof(kinds); i++)
		if (BeginsWith(address, kinds[i]))
			p = address + strlen(kinds[i]);
	if (p == NULL || *p == '\0' || strlen(p) > MAX_INLINE_IMAGE)
		return false;
	while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '+' || *p == '/')
		p++;
	for (int i = 0; i < 2 && *p == '='; i++)
		p++;
	return *p == '\0';
}

/*
 * Appends an image, where its address is one that may stand in a page; false
 * and nothing otherwise.  One of https links to itself at its own size.
 */
bool
FmaPutImage(StringInfo out, const char *address, const char *alternative)
{
	bool		remote = IsHttps(address);

	if (!remote && !IsInlineImage(address))
		return false;
	if (remote)
	{
		FmaPut(out, "<a href=\"");
		FmaPutText(out, address);
		FmaPut(out, "\" rel=\"noopener noreferrer\">");
	}
	FmaPut(out, "<img src=\"");
	FmaPutText(out, address);
	FmaPut(out, "\" alt=\"");
	FmaPutCut(out, alternative, FMA_SHOWN_LENGTH);
	FmaPut(out, "\" loading=\"lazy\">");
	if (remote)
		FmaPut(out, "</a>");
	return true;
}
