/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of character devices: what a server of a terminal or a serial line is asked by
 * tcgetattr() and the others, or by devctl(). QNX Neutrino Devctl and Ioctl Commands, pages named
 * as the commands. Numbers are documented, but for those of bits and for TCGETSID; sizes are
 * those of Linux's structures.
 */
#pragma once

#include <devctl.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

/* The class of what is an ioctl() of terminals, too. */
#define _CMD_IOCTL_TTY 't'

/* tcgetattr(); tcsetattr() with TCSANOW, TCSADRAIN, TCSAFLUSH */
#define DCMD_CHR_TCGETATTR  __DIOF(_CMD_IOCTL_TTY, 19, struct termios)
#define DCMD_CHR_TCSETATTR  __DIOT(_CMD_IOCTL_TTY, 20, struct termios)
#define DCMD_CHR_TCSETATTRD __DIOT(_CMD_IOCTL_TTY, 21, struct termios)
#define DCMD_CHR_TCSETATTRF __DIOT(_CMD_IOCTL_TTY, 22, struct termios)
/* tcflush(): TCIFLUSH, TCOFLUSH, TCIOFLUSH; tcflow(): TCOOFF, TCOON, TCIOFF, TCION */
#define DCMD_CHR_TCFLUSH    __DIOT(_CMD_IOCTL_TTY, 16, int)
#define DCMD_CHR_TCFLOW     __DIOT('T', 6, int)
/* tcdrain(): answered when all is out */
#define DCMD_CHR_TCDRAIN    __DION(_CMD_IOCTL_TTY, 94)
/* tcgetpgrp(), tcsetpgrp() */
#define DCMD_CHR_TCGETPGRP  __DIOF(_CMD_IOCTL_TTY, 119, pid_t)
#define DCMD_CHR_TCSETPGRP  __DIOT(_CMD_IOCTL_TTY, 118, pid_t)
/* tcgetsid(); the group of the session's leader */
#define DCMD_CHR_TCGETSID   __DIOF(_DCMD_CHR, 7, pid_t)
#define DCMD_CHR_TCSETSID   __DIOT(_DCMD_CHR, 8, pid_t)
/* isatty(): EOK or ENOTTY, no data */
#define DCMD_CHR_ISATTY     __DION(_DCMD_CHR, 24)
/* tcischars(): how many wait to be read; to be sent */
#define DCMD_CHR_ISCHARS    __DIOF('f', 127, unsigned)
#define DCMD_CHR_OSCHARS    __DIOF(_CMD_IOCTL_TTY, 115, unsigned)
/* tcgetsize(), tcsetsize() */
#define DCMD_CHR_GETSIZE    __DIOF(_CMD_IOCTL_TTY, 104, struct winsize)
#define DCMD_CHR_SETSIZE    __DIOT(_CMD_IOCTL_TTY, 103, struct winsize)
/* tcinject(): any number of characters, into the edited and the raw queue */
#define DCMD_CHR_TCINJECTC  __DIOT(_DCMD_CHR, 22, int)
#define DCMD_CHR_TCINJECTR  __DIOT(_DCMD_CHR, 23, int)

struct _ttyinfo {
	int opencount; /* descriptors of it */
	char ttyname[32];
};
#define DCMD_CHR_TTYINFO __DIOF(_DCMD_CHR, 10, struct _ttyinfo)

/* tcsendbreak(), tcdropline(): a bit and its _CHG turn it on, _CHG alone off; milliseconds may
 * stand in the upper 16 bits. */
#define DCMD_CHR_SERCTL  __DIOT(_DCMD_CHR, 20, int)
#define _CTL_DTR         0x0001
#define _CTL_RTS         0x0002
#define _CTL_BRK         0x0004
#define _CTL_TIMED       0x0008
#define _CTL_DSR         0x0010
#define _CTL_DCD         0x0020
#define _CTL_CTS         0x0040
#define _CTL_MASK        0x0080
#define _CTL_DTR_CHG     0x0100
#define _CTL_RTS_CHG     0x0200
#define _CTL_BRK_CHG     0x0400
#define _CTL_TIMED_CHG   0x0800
#define _CTL_DSR_CHG     0x1000
#define _CTL_DCD_CHG     0x2000
#define _CTL_CTS_CHG     0x4000
#define _CTL_MASK_CHG    0x8000
#define _SERCTL_DTR      _CTL_DTR
#define _SERCTL_RTS      _CTL_RTS
#define _SERCTL_BRK      _CTL_BRK
#define _SERCTL_LOOP     _CTL_TIMED
#define _SERCTL_DSR      _CTL_DSR
#define _SERCTL_DCD      _CTL_DCD
#define _SERCTL_CTS      _CTL_CTS
#define _SERCTL_DTR_CHG  _CTL_DTR_CHG
#define _SERCTL_RTS_CHG  _CTL_RTS_CHG
#define _SERCTL_BRK_CHG  _CTL_BRK_CHG
#define _SERCTL_LOOP_CHG _CTL_TIMED_CHG
#define _SERCTL_DSR_CHG  _CTL_DSR_CHG
#define _SERCTL_DCD_CHG  _CTL_DCD_CHG
#define _SERCTL_CTS_CHG  _CTL_CTS_CHG

/* What the lines say; a serial one's bits are those of ioctl(TIOCMGET). */
#define DCMD_CHR_LINESTATUS      __DIOF(_CMD_IOCTL_TTY, 106, int)
#define _LINESTATUS_SER_DTR      TIOCM_DTR
#define _LINESTATUS_SER_RTS      TIOCM_RTS
#define _LINESTATUS_SER_CTS      TIOCM_CTS
#define _LINESTATUS_SER_DSR      TIOCM_DSR
#define _LINESTATUS_SER_RI       TIOCM_RI
#define _LINESTATUS_SER_CD       TIOCM_CD
#define _LINESTATUS_CON_SCROLL   0x0001
#define _LINESTATUS_CON_NUM      0x0002
#define _LINESTATUS_CON_CAPS     0x0004
#define _LINESTATUS_CON_SHIFT    0x0008
#define _LINESTATUS_CON_CTRL     0x0010
#define _LINESTATUS_CON_ALT      0x0020
#define _LINESTATUS_PAR_NOERROR  0x0001
#define _LINESTATUS_PAR_SELECTED 0x0002
#define _LINESTATUS_PAR_PAPEROUT 0x0004
#define _LINESTATUS_PAR_NOTACK   0x0008
#define _LINESTATUS_PAR_NOTBUSY  0x0010

/* Out-of-band data, a char; what behind EXTENDED stands is the device's own. */
#define DCMD_CHR_GETOBAND          __DIOF(_DCMD_CHR, 25, int)
#define DCMD_CHR_PUTOBAND          __DIOT(_DCMD_CHR, 26, int)
#define DCMD_CHR_GETOBAND_EXTENDED __DIOF(_DCMD_CHR, 39, unsigned)
#define _OBAND_SER_EXTENDED        0x01
#define _OBAND_SER_OE              0x02
#define _OBAND_SER_PE              0x04
#define _OBAND_SER_FE              0x08
#define _OBAND_SER_BI              0x10
#define _OBAND_SER_SW_OE           0x20
#define _OBAND_SER_MS              0x40
#define _OBAND_SER_RESUME          0x80
