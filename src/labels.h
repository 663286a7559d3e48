/*
 * labels.h
 *		Class labels: byte strings, equal when their bytes are equal.
 *
 * Labels are compared far more often than they are stored, so each carries a
 * key of two words.  Up to 16 bytes the words hold the whole label, and
 * comparing them compares the labels; of a longer label they hold hashes.
 */
#ifndef FMA_LABELS_H
#define FMA_LABELS_H

#include "fma.h"

#include "common/hashfn.h"

/* More labels than this in one value means a wrong column, say an id. */
#define FMA_MAX_LABELS 16384

/* Labels up to this length are their key. */
#define FMA_LABEL_KEY_BYTES 16

/* A label being looked up */
typedef struct FmaLabel
{
	const char *bytes;
	uint32		length;
	uint64		head;
	uint64		tail;
} FmaLabel;

/* A label of a dictionary; its bytes stand at "offset" of some arena */
typedef struct FmaLabelEntry
{
	uint64		head;
	uint64		tail;
	uint32		length;
	uint32		offset;
} FmaLabelEntry;

/* Space for a bigint in decimal (MAXINT8LEN + 1) */
#define FMA_INT64_LABEL_BYTES 21

/* Makes the key of a label.  The overlapping loads cover every byte. */
static inline FmaLabel
FmaMakeLabel(const char *bytes, uint32 length)
{
	FmaLabel	label;

	label.bytes = bytes;
	label.length = length;
	if (length >= 8 && length <= FMA_LABEL_KEY_BYTES)
	{
		memcpy(&label.head, bytes, 8);
		memcpy(&label.tail, bytes + length - 8, 8);
	}
	else if (length >= 4 && length < 8)
	{
		uint32		head;
		uint32		tail;

		memcpy(&head, bytes, 4);
		memcpy(&tail, bytes + length - 4, 4);
		label.head = head;
		label.tail = tail;
	}
	else if (length < 4)
	{
		label.head = length == 0 ? 0 :
			((uint64) (unsigned char) bytes[0] << 16) |
			((uint64) (unsigned char) bytes[length / 2] << 8) |
			(uint64) (unsigned char) bytes[length - 1];
		label.tail = 0;
	}
	else
	{
		label.head = hash_bytes_extended((const unsigned char *) bytes, length, 0);
		label.tail = 0;
	}
	return label;
}

/* A hash of the key (multiply and fold, so that every bit counts) */
static inline uint32
FmaLabelHash(const FmaLabel *label)
{
	uint128		product = (uint128) (label->head ^ UINT64CONST(0x9E3779B97F4A7C15)) *
		(label->tail ^ UINT64CONST(0xD6E8FEB86659FD93) ^ label->length);
	uint64		folded = (uint64) product ^ (uint64) (product >> 64);

	return (uint32) (folded ^ (folded >> 32));
}

/* Whether a label is the one of an entry, whose bytes are given */
static inline bool
FmaLabelEquals(const FmaLabel *label, const FmaLabelEntry *entry, const char *arena)
{
	return label->head == entry->head && label->tail == entry->tail &&
		label->length == entry->length &&
		(label->length <= FMA_LABEL_KEY_BYTES ||
		 memcmp(label->bytes, arena + entry->offset, label->length) == 0);
}

/* Whether two labels being looked up are the same */
static inline bool
FmaSameLabel(const FmaLabel *a, const FmaLabel *b)
{
	return a->head == b->head && a->tail == b->tail && a->length == b->length &&
		(a->length <= FMA_LABEL_KEY_BYTES || memcmp(a->bytes, b->bytes, a->length) == 0);
}

extern FmaLabel FmaInt64Label(int64 value, char *buffer);
extern bool FmaIsNumberLabel(const FmaLabel *label);
extern void FmaSortLabels(const FmaLabel *labels, uint32 *order, uint32 count);
extern char *FmaLabelForMessage(const char *bytes, uint32 length);

#endif							/* FMA_LABELS_H */
