// SPDX-License-Identifier: Apache-2.0
/* <sys/trace.h>: there is no instrumented kernel, and whoever asks is told so. */
#include <sys/trace.h>

#include <errno.h>

#include "client/export.h"
#include "client/result.h"

EXPORT int TraceEvent(int mode, ...)
{
	(void)mode;
	return result_errno(-ENOTSUP);
}

EXPORT int trace_func_enter(void *func, void *call_site)
{
	(void)func;
	(void)call_site;
	return result_errno(-ENOTSUP);
}

EXPORT int trace_func_exit(void *func, void *call_site)
{
	return trace_func_enter(func, call_site);
}

EXPORT int trace_here(void)
{
	return result_errno(-ENOTSUP);
}

EXPORT int trace_logi(unsigned code, unsigned a, unsigned b)
{
	(void)code;
	(void)a;
	(void)b;
	return result_errno(-ENOTSUP);
}

EXPORT int trace_logf(unsigned code, const char *fmt, ...)
{
	(void)code;
	(void)fmt;
	return result_errno(-ENOTSUP);
}

EXPORT int trace_logb(unsigned code, const void *data, int size)
{
	(void)code;
	(void)data;
	(void)size;
	return result_errno(-ENOTSUP);
}

EXPORT int trace_nlogf(unsigned code, int max, const char *fmt, ...)
{
	(void)code;
	(void)max;
	(void)fmt;
	return result_errno(-ENOTSUP);
}
