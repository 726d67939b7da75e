################################################################################
#
# madoguchi
#
################################################################################

# What "make source" made: the committed tree and its vendored dependencies.
MADOGUCHI_SITE = $(BR2_EXTERNAL_MADOGUCHI_PATH)/../dist/src
MADOGUCHI_SITE_METHOD = local
MADOGUCHI_VERSION = $(or $(file <$(MADOGUCHI_SITE)/VERSION),unknown)
MADOGUCHI_LICENSE = Apache-2.0
MADOGUCHI_LICENSE_FILES = LICENSE
MADOGUCHI_DEPENDENCIES = host-pkgconf pcsc-lite
MADOGUCHI_GOMOD = madoguchi
MADOGUCHI_LDFLAGS = -s -w -X main.version=$(MADOGUCHI_VERSION)

# The second net around the page that holds a PIN; the page itself does not
# depend on it.
MADOGUCHI_GO_ENV = GOEXPERIMENT=runtimesecret

# counter needs cgo for libpcsclite. The others must not have it: a static program
# has no C library whose name resolution opens files and sockets of its own.
define MADOGUCHI_BUILD_CMDS
	cd $(@D); $(HOST_GO_TARGET_ENV) $(MADOGUCHI_GO_ENV) CGO_ENABLED=1 \
		$(GO_BIN) build $(MADOGUCHI_BUILD_OPTS) \
		-o $(@D)/bin/counter $(MADOGUCHI_GOMOD)/cmd/counter
	cd $(@D); $(HOST_GO_TARGET_ENV) $(MADOGUCHI_GO_ENV) CGO_ENABLED=0 \
		$(GO_BIN) build $(MADOGUCHI_BUILD_OPTS) \
		-o $(@D)/bin/link $(MADOGUCHI_GOMOD)/cmd/link
	cd $(@D); $(HOST_GO_TARGET_ENV) $(MADOGUCHI_GO_ENV) CGO_ENABLED=0 \
		$(GO_BIN) build $(MADOGUCHI_BUILD_OPTS) \
		-o $(@D)/bin/installer $(MADOGUCHI_GOMOD)/cmd/installer
endef

# link is the name of a coreutils program: ours is not in the search path.
define MADOGUCHI_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/bin/counter \
		$(TARGET_DIR)/usr/libexec/madoguchi/counter
	ln -sf counter $(TARGET_DIR)/usr/libexec/madoguchi/slots
	$(INSTALL) -D -m 0755 $(@D)/bin/link \
		$(TARGET_DIR)/usr/libexec/madoguchi/link
	$(INSTALL) -D -m 0755 $(@D)/bin/installer \
		$(TARGET_DIR)/usr/libexec/madoguchi/installer
endef

# The numbers are fixed: nftables.conf, counter.service and the data partition
# know them. Keep in step with sysusers.d/madoguchi.conf, which other systems
# make the same users from.
define MADOGUCHI_USERS
	counter 901 counter 901 * - - gpio,spi,pcscd Counter, PIN side
	link 902 link 902 * - - - Counter, network side
	pcscd 903 pcscd 903 * - - - Card reader service
	installer 906 installer 906 * - - - Has RAUC install bundles
	- -1 gpio 904 - - - - GPIO lines
	- -1 spi 905 - - - - SPI ports
endef

$(eval $(golang-package))
