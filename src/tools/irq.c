// SPDX-License-Identifier: Apache-2.0
/*
 * kamioka irq: raise an interrupt in a node, as hardware would.
 *
 * Exit status: 0, whether or not anybody has it attached; 2 bad usage or no such
 * node; 125 the node does not let us.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "host/linux/irq.h"
#include "tools/node_pick.h"
#include "tools/options.h"
#include "tools/verbs.h"

const char irq_help[] =
	"kamioka irq [-n NODE] N\n"
	"\n"
	"Raises interrupt N (0 to 1007) in a node: whoever has it attached by\n"
	"InterruptAttachEvent() gets its event.\n"
	"\n"
	"  -n, --name NODE         name or directory; without it $KAMIOKA_NODE, else the only\n"
	"                          node that is up, else the one named default\n";

int irq_main(int argc, char **argv)
{
	struct irq_page *page;
	struct node_pick node;
	const char *name = NULL;
	uint32_t number;
	int first, status, err;

	first = options_read(argc, argv, node_pick_options, irq_help, &name, &status);
	if (first < 0)
		return status;
	if (first + 1 != argc || !options_number(argv[first], 0, IRQS - 1, &number))
		return options_bad(argv[0], "say which interrupt: a number up to %d", IRQS - 1);
	status = node_pick(name, &node);
	if (status)
		return status;
	fd_close(node.fd);
	err = irq_map(node.dir, &page);
	if (err == 0)
		irq_raise(page, number);
	else
		log_line("cannot raise an interrupt in %s: %s", node.dir, strerror(-err));
	return err == 0 ? 0 : STATUS_FAILED;
}
