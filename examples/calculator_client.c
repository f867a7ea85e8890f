// SPDX-License-Identifier: Apache-2.0
/*
 * Asks a calculator (calculator_server.c) for some results. It blocks in each MsgSend()
 * until the server has answered; an error of the server comes back in errno.
 *
 *   calculator_client PID CHID    the two numbers that the server says
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/neutrino.h>
#include <unistd.h>

#include "calculator.h"

#define NUMBERS 1000

static void ask(int coid, uint16_t operation, double a, const char *sign, double b)
{
	struct calculator_request request = {.operation = operation, .a = a, .b = b};
	double result;

	if (MsgSend(coid, &request, sizeof(request), &result, sizeof(result)) == -1)
		printf("%g %s %g: %s\n", a, sign, b, strerror(errno));
	else
		printf("%g %s %g = %g\n", a, sign, b, result);
}

/* Header and numbers lie in two places, and are one message. */
static void ask_sum(int coid)
{
	struct calculator_request request = {.operation = CALCULATOR_SUM, .count = NUMBERS};
	double numbers[NUMBERS], result;
	iov_t iov[2];

	for (int i = 0; i < NUMBERS; i++)
		numbers[i] = i + 1;
	SETIOV(&iov[0], &request, sizeof(request));
	SETIOV(&iov[1], numbers, sizeof(numbers));
	if (MsgSendvs(coid, iov, 2, &result, sizeof(result)) == -1)
		printf("1 + ... + %d: %s\n", NUMBERS, strerror(errno));
	else
		printf("1 + ... + %d = %g\n", NUMBERS, result);
}

int main(int argc, char **argv)
{
	int coid;

	if (argc != 3) {
		fprintf(stderr, "usage: calculator_client PID CHID\n");
		return 2;
	}
	coid = ConnectAttach(ND_LOCAL_NODE, atoi(argv[1]), atoi(argv[2]), _NTO_SIDE_CHANNEL, 0);
	if (coid == -1) {
		perror("ConnectAttach() failed");
		return EXIT_FAILURE;
	}
	ask(coid, CALCULATOR_ADD, 19, "+", 23);
	ask(coid, CALCULATOR_SUBTRACT, 19, "-", 23);
	ask(coid, CALCULATOR_MULTIPLY, 6, "*", 7);
	ask(coid, CALCULATOR_DIVIDE, 1, "/", 8);
	ask(coid, CALCULATOR_DIVIDE, 1, "/", 0);
	ask(coid, 99, 1, "?", 2);
	ask_sum(coid);
	ConnectDetach(coid);
	return EXIT_SUCCESS;
}
