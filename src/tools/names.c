// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka names: the pathname space of a node, or who serves one path of it.
 *
 * Exit status: 0; 1 nobody serves PATH; 2 bad usage or no such node; 125 the node does
 * not answer, or what it says could not be written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/util.h"
#include "gen/proto.h"
#include "tools/ask.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char names_help[] =
	"kamioka names [-n NODE] [PATH]\n"
	"\n"
	"The names that servers of a node have attached, in the order in which they are\n"
	"searched: pid, channel, file type, flags, and path; of a link, where it leads. With\n"
	"PATH, absolute and plain: who is asked for it, first to last, and with which path if\n"
	"links led elsewhere.\n"
	"\n"
	"  dir     what lies below, too        before, after   its place among equals\n"
	"  opaque  ends the search             self            also for its own process\n"
	"  only    its file type, everywhere   alone           nobody else at that path\n"
	"  all     all file types              link            pathmgr_symlink()\n"
	"\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE, else the only\n"
	"                          node that is up, else the one named default\n";

#define NAMES_PATIENCE_MS 5000
#define NAMES_NOBODY      1
#define NAMES_TRIES       8 /* a space that changes all the time is shown as it was seen */

static const char *names_flags(uint32_t flags, char *buf, size_t cap)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{PATH_FLAG_LINK, "link"},       {PATH_FLAG_DIR, "dir"},
		{PATH_FLAG_BEFORE, "before"},   {PATH_FLAG_AFTER, "after"},
		{PATH_FLAG_OPAQUE, "opaque"},   {PATH_FLAG_FTYPEONLY, "only"},
		{PATH_FLAG_FTYPEALL, "all"},    {PATH_FLAG_SELF, "self"},
		{PATH_FLAG_EXCLUSIVE, "alone"},
	};
	size_t at = 0;

	(void)snprintf(buf, cap, "-");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(flags & names[i].bit) || at >= cap ||
		    ((flags & PATH_FLAG_LINK) && names[i].bit == PATH_FLAG_DIR))
			continue;
		at += (size_t)snprintf(buf + at, cap - at, "%s%s", at ? "," : "", names[i].name);
	}
	return buf;
}

/* Programs choose names; a terminal must not obey them. */
static void names_put(FILE *to, const char *text, size_t len)
{
	if (len == 0)
		(void)fputc('/', to); /* verbs_print() says what could not be written */
	for (size_t i = 0; i < len; i++)
		(void)fputc((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i], to);
}

static void names_print_row(FILE *to, const struct path_row *row, const char *texts)
{
	char flags[128];

	(void)fprintf(to, "%7d %5d %4d %-16s ", row->pid, row->chid, row->ftype,
		      names_flags(row->flags, flags, sizeof(flags)));
	names_put(to, texts + row->at, row->len);
	if (row->target) {
		(void)fputs(" -> ", to);
		names_put(to, texts + row->at + row->len, row->target);
	}
	(void)fputc('\n', to);
}

/* What the manager says must lie in what it sent. */
static bool names_is_whole(const struct proto_path_list_out *out)
{
	for (uint32_t i = 0; i < out->rows_count; i++) {
		const struct path_row *row = &out->rows[i];

		if ((uint64_t)row->at + row->len + row->target > out->texts_len)
			return false;
	}
	return true;
}

/* The part behind *@skip names: 0, and *@ret_more; -EAGAIN: the space has changed. */
static int names_some(int node_fd, struct wire_msg *m, FILE *to, uint32_t *skip,
		      uint32_t *generation, bool *ret_more)
{
	struct proto_path_list_in in = {.skip = *skip};
	struct proto_path_list_out out;
	uint8_t body[sizeof(in)];
	int len = proto_put_path_list_in(body, sizeof(body), &in), err;

	err = len < 0 ? len :
			ask(node_fd, PROTO_PATH_LIST, body, (size_t)len, m, NAMES_PATIENCE_MS);
	if (err != 0)
		return err;
	err = proto_get_path_list_out(m->body, m->len, &out);
	if (err == 0 && !names_is_whole(&out))
		err = -EBADMSG;
	if (err == 0 && *skip && out.generation != *generation)
		err = -EAGAIN;
	for (uint32_t i = 0; err == 0 && i < out.rows_count; i++)
		names_print_row(to, &out.rows[i], out.texts);
	if (err == 0) {
		*skip += out.rows_count;
		*generation = out.generation;
		*ret_more = out.more && out.rows_count;
	}
	wire_msg_fini(m);
	return err;
}

static int names_all(int node_fd, struct wire_msg *m, FILE *to)
{
	uint32_t skip = 0, generation = 0;
	bool more = true;
	int err = 0;

	(void)fputs("    PID  CHID TYPE FLAGS            PATH\n", to);
	while (err == 0 && more)
		err = names_some(node_fd, m, to, &skip, &generation, &more);
	return err;
}

/* In one piece: what was printed of a space that then changed is thrown away. */
static int names_list(int node_fd, struct wire_msg *m)
{
	int err = -EAGAIN;

	for (int i = 0; i < NAMES_TRIES && err == -EAGAIN; i++) {
		auto_free char *text = NULL;
		size_t size;
		FILE *to = open_memstream(&text, &size);

		if (!to)
			return -ENOMEM;
		err = names_all(node_fd, m, to);
		if (fclose(to) != 0)
			err = -ENOMEM;
		if (err == 0)
			(void)fwrite(text, 1, size, stdout); /* verbs_print() looks */
	}
	return err;
}

static int names_find(int node_fd, struct wire_msg *m, const char *path, bool *ret_found)
{
	struct proto_path_all_in in = {.path = path, .path_len = (uint32_t)strlen(path)};
	struct proto_path_all_out out;
	uint8_t body[PATH_BYTES + 64];
	int len = proto_put_path_all_in(body, sizeof(body), &in), err;

	err = len < 0 ? -ENAMETOOLONG :
			ask(node_fd, PROTO_PATH_ALL, body, (size_t)len, m, NAMES_PATIENCE_MS);
	if (err != 0)
		return err;
	err = proto_get_path_all_out(m->body, m->len, &out);
	for (uint32_t i = 0; err == 0 && i < out.servers_count; i++) {
		const struct path_server *s = &out.servers[i];
		char flags[128];

		printf("%7d %5d %4d %-16s ", s->pid, s->chid, s->ftype,
		       names_flags(s->flags, flags, sizeof(flags)));
		names_put(stdout, out.path, out.path_len);
		(void)fputc('\n', stdout); /* as above */
	}
	*ret_found = err == 0 && out.servers_count > 0;
	wire_msg_fini(m);
	return err;
}

int names_main(int argc, char **argv)
{
	auto_free struct wire_msg *m = malloc(sizeof(*m));
	const char *name = NULL;
	struct node_pick node;
	bool is_found = true;
	int first, status, err;

	first = options_read(argc, argv, node_pick_options, names_help, &name, &status);
	if (first < 0)
		return status;
	if (first + 1 < argc)
		return options_bad(argv[0], "too many words: %s", argv[first + 1]);
	if (!m)
		return STATUS_FAILED;
	status = node_pick(name, &node);
	if (status)
		return status;
	err = first < argc ? names_find(node.fd, m, argv[first], &is_found) :
			     names_list(node.fd, m);
	fd_close(node.fd);
	if (first < argc && (err > 0 || err == -ENAMETOOLONG)) {
		log_line("%s: %s", argv[first], strerror(err < 0 ? -err : err));
		return STATUS_USAGE;
	}
	if (err < 0)
		return ask_failed(node.dir, err);
	status = verbs_print("");
	return status ? status : is_found ? 0 : NAMES_NOBODY;
}
