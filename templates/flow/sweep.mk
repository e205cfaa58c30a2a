# A target of many projects at once: make -j4 csynth PROJECTS='runs/*'
#
# PROJECTS is read as a shell reads words, so that names may hold anything: PROJECTS="'my project' runs/*". Folders
# without a project are passed over. A project that fails does not stop the others; a summary names it at the end.
# Where C synthesis fails, what follows from it is not tried.

SWEEP_TARGETS = csim csynth cosim export vivado vivado-synth vivado-impl bitstream
SWEEP_AFTER_CSYNTH = cosim export vivado vivado-synth vivado-impl
SWEEP_GOALS = $(filter $(SWEEP_TARGETS),$(MAKECMDGOALS))
.PHONY: $(SWEEP_TARGETS)
unexport PROJECTS

ifneq ($(SWEEP_GOALS),)
# a folder with the projects' paths, by number as make knows no names with blanks, and with what they say
SWEEP := $(shell folder=$$(mktemp -d) && n=0 && for path in $(value PROJECTS); do \
	if [ -f "$$path/build.json" ] || ! [ -e "$$path" ]; then \
	n=$$((n + 1)); printf %s "$$path" >"$$folder/$$n.path"; fi; done && echo $$folder $$n)
SWEEP_FOLDER := $(word 1,$(SWEEP))
SWEEP_COUNT := $(word 2,$(SWEEP))
SWEEP_NUMBERS := $(if $(SWEEP_COUNT),$(shell seq $(SWEEP_COUNT)))

define SWEEP_RULES
SWEEP_RUNS_$(1) = $$(SWEEP_NUMBERS:%=sweep-%-$(1))
.PHONY: $$(SWEEP_RUNS_$(1))

$$(SWEEP_RUNS_$(1)): sweep-%-$(1): $(if $(2),| sweep-%-$(2))
	@path=$$$$(cat "$$(SWEEP_FOLDER)/$$*.path"; echo .); path=$$$${path%.}; \
	case $$$$path in /*) ;; *) path=./$$$$path ;; esac; \
	log=$$(SWEEP_FOLDER)/$$*.$(1); \
	if [ ! -f "$$$$path/build.json" ]; then echo 'there is no project' >"$$$$log"; false; \
	$(if $(filter $(1),$(SWEEP_AFTER_CSYNTH)),elif [ -f "$$(SWEEP_FOLDER)/$$*.csynth.failed" ]; then \
	echo 'not tried without C synthesis' >"$$$$log"; false;) \
	else (cd "$$$$path" && $$(MAKE) --no-print-directory $(1)) >"$$$$log" 2>&1; fi; \
	if [ $$$$? = 0 ]; then rm "$$$$log"; printf '%s: %s: done\n' $(1) "$$$$path"; \
	else cause=$$$$(grep -v '^make' "$$$$log" | tail -n 1); \
	printf '%s: %s: failed: %s\n' $(1) "$$$$path" "$$$$cause" | tee "$$$$log.failed"; fi

$(1): $$(SWEEP_RUNS_$(1)) $(if $(2),| $(2))
	@if [ $$(SWEEP_COUNT) = 0 ]; then echo "name projects: make $(1) PROJECTS='runs/*'" >&2; exit 1; fi; \
	cd "$$(SWEEP_FOLDER)" && set -- *.$(1).failed && [ -f "$$$$1" ] || set --; \
	echo "$(1): $$$$(($$(SWEEP_COUNT) - $$$$#)) of $$(SWEEP_COUNT) projects done"; \
	if [ $$$$# != 0 ]; then sed 's/^/  /' "$$$$@"; echo "  all that they said: $$(SWEEP_FOLDER)/*.$(1)"; fi
	$(if $(filter $(1),$(lastword $(SWEEP_GOALS))),@if ls "$$(SWEEP_FOLDER)" | grep -q failed; then exit 1; \
	else rm -r "$$(SWEEP_FOLDER)"; fi)
endef
# goals one after another in each project, as each Makefile makes what another needs
SWEEP_BEFORE :=
$(foreach target,$(SWEEP_GOALS),$(eval $(call SWEEP_RULES,$(target),$(SWEEP_BEFORE)))$(eval SWEEP_BEFORE := $(target)))
endif
