// SPDX-License-Identifier: Apache-2.0
/* What <stdlib.h> and <string.h> have from QNX: numbers as text, case, and their kind. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/export.h"

#define DIGITS_MAX 64
#define RADIX_MIN  2
#define RADIX_MAX  36

static char *number_text(unsigned long long value, int negative, char *buf, int radix)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	char text[DIGITS_MAX + 1];
	size_t at = sizeof(text);
	char *to = buf;

	if (radix < RADIX_MIN || radix > RADIX_MAX)
		return NULL;
	text[--at] = 0;
	do {
		text[--at] = digits[value % (unsigned)radix];
		value /= (unsigned)radix;
	} while (value);
	if (negative)
		*to++ = '-';
	memcpy(to, text + at, sizeof(text) - at);
	return buf;
}

EXPORT char *ulltoa(unsigned long long value, char *buf, int radix)
{
	return number_text(value, 0, buf, radix);
}

EXPORT char *lltoa(long long value, char *buf, int radix)
{
	if (value < 0 && radix == 10)
		return number_text(-(unsigned long long)value, 1, buf, radix);
	return number_text((unsigned long long)value, 0, buf, radix);
}

EXPORT char *ultoa(unsigned long value, char *buf, int radix)
{
	return number_text(value, 0, buf, radix);
}

/* In other radixes than 10 the bits count, as many as the type has. */
EXPORT char *ltoa(long value, char *buf, int radix)
{
	return radix == 10 ? lltoa(value, buf, radix) : ultoa((unsigned long)value, buf, radix);
}

EXPORT char *utoa(unsigned int value, char *buf, int radix)
{
	return number_text(value, 0, buf, radix);
}

EXPORT char *itoa(int value, char *buf, int radix)
{
	return radix == 10 ? lltoa(value, buf, radix) : utoa((unsigned)value, buf, radix);
}

EXPORT char *strlwr(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return s;
}

EXPORT char *strupr(char *s)
{
	for (char *c = s; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return s;
}

EXPORT char *strrev(char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len / 2; i++) {
		char c = s[i];

		s[i] = s[len - 1 - i];
		s[len - 1 - i] = c;
	}
	return s;
}

EXPORT char *strnset(char *s, int c, size_t n)
{
	memset(s, c, strnlen(s, n));
	return s;
}

EXPORT char *strset(char *s, int c)
{
	memset(s, c, strlen(s));
	return s;
}

EXPORT int stricmp(const char *a, const char *b)
{
	return strcasecmp(a, b);
}

EXPORT int strcmpi(const char *a, const char *b)
{
	return strcasecmp(a, b);
}

EXPORT int strnicmp(const char *a, const char *b, size_t n)
{
	return strncasecmp(a, b, n);
}

EXPORT int memicmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	int difference = 0;

	for (size_t i = 0; i < n && difference == 0; i++)
		difference = tolower(x[i]) - tolower(y[i]);
	return difference;
}

EXPORT size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size > 0) {
		size_t copied = len < size ? len : size - 1;

		memcpy(dst, src, copied);
		dst[copied] = 0;
	}
	return len;
}

EXPORT size_t strlcat(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(dst, size);

	/* Not ended within its size: nothing can be appended. */
	return len == size ? size + strlen(src) : len + strlcpy(dst + len, src, size - len);
}
