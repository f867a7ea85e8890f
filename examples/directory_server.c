// SPDX-License-Identifier: Apache-2.0
/*
 * A directory and what is in it, of one server: it has attached a single name, and with
 * _RESMGR_FLAG_DIR gets all that is below, with the rest of the path in the message. Here
 * all is made up, and read-only.
 *
 *   /detectors/kamiokande, /detectors/super-kamiokande, ...
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct file;
#define IOFUNC_ATTR_T struct file
#include <sys/iofunc.h>
#include <sys/dispatch.h>

struct file {
	iofunc_attr_t attr; /* first: the library looks here */
	const char *name;   /* "": the directory */
	const char *text;
};

static struct file files[] = {
	{.name = ""},
	{.name = "kamiokande", .text = "3000 t of water, 1983 to 1996\n"},
	{.name = "super-kamiokande", .text = "50000 t of water, since 1996\n"},
	{.name = "hyper-kamiokande", .text = "258000 t of water, to come\n"},
};

#define FILES (sizeof(files) / sizeof(files[0]))

static int file_open(resmgr_context_t *ctp, io_open_t *msg, RESMGR_HANDLE_T *handle, void *extra)
{
	(void)handle;
	for (size_t i = 0; i < FILES; i++)
		if (strcmp(msg->connect.path, files[i].name) == 0)
			/* Looks at permissions, and makes the open control block. */
			return iofunc_open_default(ctp, msg, &files[i].attr, extra);
	return msg->connect.ioflag & O_CREAT ? EROFS : ENOENT;
}

/* As many entries as the client has room for; the offset counts them. */
static int read_directory(resmgr_context_t *ctp, size_t nbytes, RESMGR_OCB_T *ocb)
{
	static _Alignas(struct dirent) char buffer[4096]; /* one thread only */
	size_t used = 0;

	nbytes = nbytes < sizeof(buffer) ? nbytes : sizeof(buffer);
	for (; (size_t)ocb->offset + 1 < FILES; ocb->offset++) {
		const struct file *file = &files[ocb->offset + 1];
		size_t length = offsetof(struct dirent, d_name) + strlen(file->name) + 1;
		struct dirent *entry = (struct dirent *)(void *)(buffer + used);

		length = (length + 7) & ~(size_t)7;
		if (used + length > nbytes)
			break;
		memset(entry, 0, length);
		entry->d_ino = file->attr.inode;
		entry->d_off = ocb->offset + 1;
		entry->d_reclen = (unsigned short)length;
		entry->d_type = DT_REG;
		strcpy(entry->d_name, file->name);
		used += length;
	}
	_IO_SET_READ_NBYTES(ctp, used);
	return _RESMGR_PTR(ctp, buffer, used);
}

static int file_read(resmgr_context_t *ctp, io_read_t *msg, RESMGR_OCB_T *ocb)
{
	size_t nbytes = _IO_READ_GET_NBYTES(msg), left = 0;
	off_t at = ocb->offset;
	int status = iofunc_read_verify(ctp, msg, ocb, NULL);

	if (status != EOK)
		return status;
	if (S_ISDIR(ocb->attr->attr.mode))
		return read_directory(ctp, nbytes, ocb);
	if ((msg->i.xtype & _IO_XTYPE_MASK) == _IO_XTYPE_OFFSET)
		at = ((struct _xtype_offset *)(void *)(&msg->i + 1))->offset; /* pread() */
	else if ((msg->i.xtype & _IO_XTYPE_MASK) != _IO_XTYPE_NONE)
		return ENOSYS;
	if (at < ocb->attr->attr.nbytes)
		left = (size_t)(ocb->attr->attr.nbytes - at);
	nbytes = nbytes < left ? nbytes : left;
	if ((msg->i.xtype & _IO_XTYPE_MASK) == _IO_XTYPE_NONE)
		ocb->offset += (off_t)nbytes;
	_IO_SET_READ_NBYTES(ctp, nbytes);
	return _RESMGR_PTR(ctp, (char *)ocb->attr->text + at, nbytes);
}

int main(void)
{
	static iofunc_mount_t mount = {.flags = _MOUNT_READONLY};
	static resmgr_connect_funcs_t connect_funcs;
	static resmgr_io_funcs_t io_funcs;
	dispatch_t *dpp = dispatch_create();
	dispatch_context_t *ctp;

	iofunc_func_init(_RESMGR_CONNECT_NFUNCS, &connect_funcs, _RESMGR_IO_NFUNCS, &io_funcs);
	connect_funcs.open = file_open;
	io_funcs.read = file_read;
	for (size_t i = 0; i < FILES; i++) {
		iofunc_attr_init(&files[i].attr, i ? S_IFREG | 0444 : S_IFDIR | 0555, NULL, NULL);
		files[i].attr.mount = &mount;
		files[i].attr.inode = i + 1;
		files[i].attr.nbytes = files[i].text ? (off_t)strlen(files[i].text) : 0;
	}
	if (resmgr_attach(dpp, NULL, "/detectors", _FTYPE_ANY, _RESMGR_FLAG_DIR, &connect_funcs,
			  &io_funcs, &files[0]) == -1) {
		perror("resmgr_attach() failed");
		return EXIT_FAILURE;
	}
	ctp = dispatch_context_alloc(dpp);
	while ((ctp = dispatch_block(ctp)))
		dispatch_handler(ctp);
	perror("dispatch_block() failed");
	return EXIT_FAILURE;
}
