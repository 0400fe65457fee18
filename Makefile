# keyfob: what a newcomer needs. The scripts say more.
export PATH := $(CURDIR)/target/tools/bin:$(PATH)
.PHONY: help run install package test test-deep bench fmt checklist setup

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: ## build keyfob and start it: the tray app, or the demo where there is no screen
	@scripts/run.sh

install: ## build for daily use and put keyfob (and with a screen keyfob-app) into ~/.local/bin
	@scripts/install.sh

package: ## a Debian package with app, command line, manual pages and completions; others: scripts/package.sh rpm|appimage
	@scripts/package.sh

test: ## every check; one stage alone: scripts/test.sh STAGE, all of them: scripts/test.sh --list
	@scripts/test.sh

test-deep: ## every check, then the properties with many more cases
	@scripts/test.sh deep

bench: ## release builds, timed against their floors; one part alone: scripts/bench.sh token|store|proxy|idle
	@scripts/bench.sh

fmt: ## format the Rust code, and the user interface where it is set up
	@cargo fmt --all
	@if [ -d ui/node_modules ]; then cd ui && npm run --silent fmt; fi

checklist: ## write the names of the tests into docs/security-checklist.md
	@scripts/checklist.py

setup: ## only install what is missing, for running and for testing
	@scripts/setup.sh run test desktop
