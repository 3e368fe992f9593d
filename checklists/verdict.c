#include "checklists/verdict.h"

enum verdict verdict_not(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS:
		return VERDICT_FAIL;
	case VERDICT_FAIL:
		return VERDICT_PASS;
	case VERDICT_UNKNOWN:
		break;
	}
	return VERDICT_UNKNOWN;
}

enum verdict verdict_all(const enum verdict *v, size_t n)
{
	return verdict_at_least(v, n, n);
}

enum verdict verdict_any(const enum verdict *v, size_t n)
{
	return verdict_at_least(v, n, 1);
}

enum verdict verdict_at_least(const enum verdict *v, size_t n, size_t count)
{
	size_t pass = 0, fail = 0;
	for (size_t i = 0; i < n; i++) {
		pass += v[i] == VERDICT_PASS;
		fail += v[i] == VERDICT_FAIL;
	}
	if (pass >= count)
		return VERDICT_PASS;
	return n - fail < count ? VERDICT_FAIL : VERDICT_UNKNOWN;
}
