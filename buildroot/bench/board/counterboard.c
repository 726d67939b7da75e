// SPDX-License-Identifier: GPL-2.0
/*
 * counterboard: what the counter's board has and QEMU's machine lacks, for the bench.
 *
 * The other side is a file of the host, which QEMU shows as the memory of a PCI device (ivshmem-plain). No program of the
 * guest stands between the two. In it lie, in 32-bit words of the guest's byte order:
 *
 *	 0  magic		written by the host before the guest starts
 *	 1  attached		the host answers (see below); 0: nobody is there
 *	 2  keys		closed keys, bit row * 4 + column
 *	 3  lid			1: open
 *	 4  busy		counts the edges of the panel's BUSY line; odd is high
 *	 5  head		bytes written to the ring, modulo 2^32
 *	 6  tail		bytes that the host took
 *	 7  levels		output lines that are high, bits as below
 *	 8  end			1: restart, 2: power off, as asked of the kernel
 *	 9  scans		counts how often a column was driven low
 *	16  eight words		the key in the board's one-time memory; zeros: none was written
 *	32  64 bytes		the argument of the restart ("0 tryboot")
 *
 * and from byte 4096 a ring of records, each of a whole number of eight bytes, never wrapped within its head:
 *
 *	u32 kind, u32 length, u64 monotonic ns, u32 levels, u32 keys, data
 *
 * Lines are those of a Raspberry Pi 4 by label and offset: rows of keys 5 6 13 19 pulled up, columns 16 26 20 21, panel DC 25, RST 17,
 * BUSY 24, PWR 18, lamp 22 23 27, buzzer 12, lid 4. A row is low when closed keys join it, over any number of corners, with a line that is
 * driven low: so three keys give the fourth, as without diodes. A transfer over SPI, and a change of RST or PWR, returns when the host
 * has taken it: BUSY is then what the panel makes of it.
 */
#include <linux/delay.h>
#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/irq.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/spi/spi.h>
#include <linux/uaccess.h>

#define NLINES 58
#define MAGIC 0x4d474231 /* "MGB1" */
#define RING_AT 4096
#define POLL_NS 2000000 /* edges are found this fast */
#define TAKE_MS 2000 /* the host answers in this time or counts as gone */

enum { MAGIC_W, ATTACHED, KEYS, LID, BUSY, HEAD, TAIL, LEVELS, END, SCANS, OTP = 16, ARG = 32 };
enum { REC_SPI = 1, REC_LINE = 2, REC_KEYS = 3 };

static const u8 rows[4] = { 5, 6, 13, 19 }, cols[4] = { 16, 26, 20, 21 };
#define P_DC 25
#define P_RST 17
#define P_BUSY 24
#define P_PWR 18
#define P_LID 4
/* levels: bit 0 DC, 1 RST, 2 PWR, 3 red, 4 yellow, 5 green, 6 buzzer */
static const u8 told[] = { P_DC, P_RST, P_PWR, 22, 23, 27, 12 };

static void __iomem *mem;
static u32 ring_size;
static u64 is_out, is_high; /* by offset */
static DEFINE_SPINLOCK(lines_lock);
static DEFINE_MUTEX(ring_lock);
static unsigned long irq_on, edge_rise, edge_fall; /* by offset */
static struct hrtimer poll;
static u64 seen; /* input levels at the last look */
static u32 seen_busy, seen_keys;
static u64 keys_ns;
static struct platform_device *pdev;
static struct gpio_chip gc;
static struct spi_controller *spi;

static u32 word(int i) { return readl(mem + 4 * i); }
static void set_word(int i, u32 v) { writel(v, mem + 4 * i); }

/* pulled_low tells which of the four rows and, from bit 4, four columns closed keys join with a line that is driven low. */
static u32 pulled_low(void)
{
	u32 keys = word(KEYS), low = 0, next;
	int r, c;

	for (r = 0; r < 4; r++) {
		if ((is_out & ~is_high) & BIT_ULL(rows[r]))
			low |= BIT(r);
		if ((is_out & ~is_high) & BIT_ULL(cols[r]))
			low |= BIT(4 + r);
	}
	for (;;) {
		next = low;
		for (r = 0; r < 4; r++)
			for (c = 0; c < 4; c++)
				if (keys >> (r * 4 + c) & 1 && next & (BIT(r) | BIT(4 + c)))
					next |= BIT(r) | BIT(4 + c);
		if (next == low)
			return low;
		low = next;
	}
}

static u64 inputs(void)
{
	u32 low = pulled_low();
	u64 v = 0;
	int i;

	for (i = 0; i < 4; i++) {
		if (!(low & BIT(i)))
			v |= BIT_ULL(rows[i]);
		if (!(low & BIT(4 + i)))
			v |= BIT_ULL(cols[i]);
	}
	if (word(BUSY) & 1)
		v |= BIT_ULL(P_BUSY);
	if (word(LID))
		v |= BIT_ULL(P_LID);
	return v;
}

static u32 levels(void)
{
	u32 v = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(told); i++)
		if ((is_out & is_high) & BIT_ULL(told[i]))
			v |= BIT(i);
	return v;
}

/* tell writes a record and, unless the host is gone, waits until it was taken. May sleep. */
static void tell(u32 kind, const void *data, u32 len, u64 ns, bool wait)
{
	u32 room = ALIGN(24 + len, 8), head, at, first;
	u32 h[6] = { kind, len, lower_32_bits(ns), upper_32_bits(ns), levels(), word(KEYS) };
	int i;

	if (!word(ATTACHED))
		return;
	mutex_lock(&ring_lock);
	for (i = 0; i < TAKE_MS * 5 && ring_size - (word(HEAD) - word(TAIL)) < room; i++)
		usleep_range(150, 250);
	head = word(HEAD);
	at = head % ring_size;
	for (i = 0; i < 6; i++)
		writel(h[i], mem + RING_AT + (at + 4 * i) % ring_size);
	at = (at + 24) % ring_size;
	first = min(len, ring_size - at);
	memcpy_toio(mem + RING_AT + at, data, first);
	memcpy_toio(mem + RING_AT, data + first, len - first);
	wmb();
	head += room;
	set_word(HEAD, head);
	for (i = 0; wait && i < TAKE_MS * 5 && (s32)(word(TAIL) - head) < 0; i++)
		usleep_range(150, 250);
	if (wait && (s32)(word(TAIL) - head) < 0) {
		pr_warn("counterboard: nobody takes what is sent\n");
		set_word(ATTACHED, 0);
	}
	mutex_unlock(&ring_lock);
}

/* Lines. */

static int cb_get(struct gpio_chip *g, unsigned int o)
{
	unsigned long f;
	int v;

	spin_lock_irqsave(&lines_lock, f);
	v = !!((is_out & BIT_ULL(o) ? is_high : inputs()) & BIT_ULL(o));
	spin_unlock_irqrestore(&lines_lock, f);
	return v;
}

static void cb_change(unsigned int o, bool out, int v)
{
	u32 was, now;
	unsigned long f;

	spin_lock_irqsave(&lines_lock, f);
	was = levels();
	if (v)
		is_high |= BIT_ULL(o);
	else
		is_high &= ~BIT_ULL(o);
	if (out)
		is_out |= BIT_ULL(o);
	now = levels();
	spin_unlock_irqrestore(&lines_lock, f);
	set_word(LEVELS, now);
	if (out && !v && (o == cols[0] || o == cols[1] || o == cols[2] || o == cols[3]))
		set_word(SCANS, word(SCANS) + 1);
	if (was != now && o != P_DC)
		tell(REC_LINE, NULL, 0, ktime_get_ns(), o == P_RST || o == P_PWR);
}

static void cb_set(struct gpio_chip *g, unsigned int o, int v) { cb_change(o, false, v); }

static int cb_out(struct gpio_chip *g, unsigned int o, int v)
{
	cb_change(o, true, v);
	return 0;
}

static int cb_in(struct gpio_chip *g, unsigned int o)
{
	unsigned long f;

	spin_lock_irqsave(&lines_lock, f);
	is_out &= ~BIT_ULL(o);
	spin_unlock_irqrestore(&lines_lock, f);
	return 0;
}

static int cb_direction(struct gpio_chip *g, unsigned int o)
{
	return is_out & BIT_ULL(o) ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int cb_config(struct gpio_chip *g, unsigned int o, unsigned long c) { return 0; }

/* Edges. */

static void cb_mask(struct irq_data *d)
{
	irq_hw_number_t o = irqd_to_hwirq(d);

	clear_bit(o, &irq_on);
	gpiochip_disable_irq(&gc, o);
}

static void cb_unmask(struct irq_data *d)
{
	irq_hw_number_t o = irqd_to_hwirq(d);

	gpiochip_enable_irq(&gc, o);
	set_bit(o, &irq_on);
}

static int cb_type(struct irq_data *d, unsigned int type)
{
	irq_hw_number_t o = irqd_to_hwirq(d);

	if (type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	assign_bit(o, &edge_rise, type & IRQ_TYPE_EDGE_RISING);
	assign_bit(o, &edge_fall, type & IRQ_TYPE_EDGE_FALLING);
	return 0;
}

static const struct irq_chip cb_irq_chip = {
	.name = "counterboard",
	.irq_mask = cb_mask,
	.irq_unmask = cb_unmask,
	.irq_set_type = cb_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static enum hrtimer_restart cb_poll(struct hrtimer *t)
{
	u64 now, rise, fall, hit, keys_at = 0;
	u32 busy = word(BUSY), keys = word(KEYS);
	int o;

	if (keys != seen_keys) {
		keys_at = ktime_get_ns();
		seen_keys = keys;
		WRITE_ONCE(keys_ns, keys_at);
	}
	spin_lock(&lines_lock);
	now = inputs() & ~is_out;
	spin_unlock(&lines_lock);
	rise = now & ~seen;
	fall = seen & ~now;
	/* A pulse of BUSY that is over again is an edge, too. */
	if (busy != seen_busy && !((rise | fall) & BIT_ULL(P_BUSY)))
		rise |= BIT_ULL(P_BUSY), fall |= BIT_ULL(P_BUSY);
	seen = now;
	seen_busy = busy;
	hit = (rise & edge_rise) | (fall & edge_fall);
	hit &= irq_on;
	for (o = 0; hit; o++, hit >>= 1)
		if (hit & 1)
			generic_handle_domain_irq(gc.irq.domain, o);
	hrtimer_forward_now(t, ns_to_ktime(POLL_NS));
	return HRTIMER_RESTART;
}

/* SPI. */

static int cb_xfer(struct spi_controller *c, struct spi_device *s, struct spi_transfer *t)
{
	u64 at = READ_ONCE(keys_ns);

	if (at) { /* when the keys were last seen to change: told once, before the first bytes after it */
		WRITE_ONCE(keys_ns, 0);
		tell(REC_KEYS, NULL, 0, at, false);
	}
	if (t->tx_buf)
		tell(REC_SPI, t->tx_buf, t->len, ktime_get_ns(), true);
	if (t->rx_buf)
		memset(t->rx_buf, 0, t->len); /* nothing is wired to MISO */
	return 0;
}

/* The mailbox to the board's firmware, as /dev/vcio hands it on: the key in the one-time memory, and nothing else. */

static long cb_mailbox(struct file *f, unsigned int cmd, unsigned long arg)
{
	u32 m[16];
	int i;

	if (cmd != 0xC0086400)
		return -ENOTTY;
	if (copy_from_user(m, (void __user *)arg, sizeof(m)))
		return -EFAULT;
	m[1] = 0x80000001;
	if (m[0] == sizeof(m) && m[2] == 0x00030081 && m[3] == 40) {
		m[1] = 0x80000000;
		m[4] = 0x80000028;
		for (i = 0; i < 8; i++)
			m[7 + i] = word(OTP + i);
	}
	i = copy_to_user((void __user *)arg, m, sizeof(m));
	memzero_explicit(m, sizeof(m));
	return i ? -EFAULT : 0;
}

static const struct file_operations mailbox_ops = { .owner = THIS_MODULE, .unlocked_ioctl = cb_mailbox };
static struct miscdevice mailbox = { .minor = MISC_DYNAMIC_MINOR, .name = "vcio", .fops = &mailbox_ops, .mode = 0600 };

static int cb_reboot(struct notifier_block *nb, unsigned long how, void *arg)
{
	char text[64] = "";

	if (arg)
		strscpy(text, arg, sizeof(text));
	memcpy_toio(mem + 4 * ARG, text, sizeof(text));
	set_word(END, how == SYS_RESTART ? 1 : 2);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = { .notifier_call = cb_reboot };

/* Beginning. The module never goes: the machine ends with it. */

static int add_lines(void)
{
	gc = (struct gpio_chip){ .label = "pinctrl-bcm2711", .parent = &pdev->dev, .owner = THIS_MODULE, .base = -1, .ngpio = NLINES,
		.can_sleep = true, .get = cb_get, .set = cb_set, .direction_input = cb_in, .direction_output = cb_out,
		.get_direction = cb_direction, .set_config = cb_config };
	gpio_irq_chip_set_chip(&gc.irq, &cb_irq_chip);
	gc.irq.handler = handle_simple_irq;
	gc.irq.default_type = IRQ_TYPE_NONE;
	return gpiochip_add_data(&gc, NULL);
}

static int add_spi(void)
{
	/* spidev binds by this name of an unrelated part: it refuses its own since 4.1. */
	struct spi_board_info bi = { .modalias = "dh2228fv", .max_speed_hz = 20000000 };
	int err;

	spi = spi_alloc_master(&pdev->dev, 0);
	if (!spi)
		return -ENOMEM;
	spi->bus_num = 0;
	spi->num_chipselect = 1;
	spi->mode_bits = SPI_CPOL | SPI_CPHA;
	spi->transfer_one = cb_xfer;
	err = spi_register_controller(spi);
	if (err) {
		spi_controller_put(spi);
		return err;
	}
	return spi_new_device(spi, &bi) ? 0 : -ENODEV;
}

static int cb_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	int err = pci_enable_device(dev);

	if (err)
		return err;
	err = pci_request_region(dev, 2, "counterboard");
	if (err)
		return err;
	mem = pci_iomap(dev, 2, 0);
	if (!mem || word(MAGIC_W) != MAGIC)
		return dev_err_probe(&dev->dev, -ENODEV, "no bench at the other end\n");
	ring_size = rounddown_pow_of_two(pci_resource_len(dev, 2) - RING_AT);
	seen = inputs();
	seen_keys = word(KEYS);
	seen_busy = word(BUSY);
	pdev = platform_device_register_simple("counterboard", -1, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	err = add_lines();
	if (!err)
		err = add_spi();
	if (!err)
		err = misc_register(&mailbox);
	if (err)
		return err;
	register_reboot_notifier(&reboot_nb);
	hrtimer_init(&poll, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	poll.function = cb_poll;
	hrtimer_start(&poll, ns_to_ktime(POLL_NS), HRTIMER_MODE_REL_HARD);
	return 0;
}

static const struct pci_device_id cb_ids[] = { { PCI_DEVICE(0x1af4, 0x1110) }, {} };
MODULE_DEVICE_TABLE(pci, cb_ids);
static struct pci_driver cb_driver = { .name = "counterboard", .id_table = cb_ids, .probe = cb_probe,
	.driver.suppress_bind_attrs = true };

static int __init cb_init(void) { return pci_register_driver(&cb_driver); }
module_init(cb_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lines, SPI port and mailbox of the counter's board, for its bench");
