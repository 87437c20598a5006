# A thin front of CMake + Ninja; `make help` lists the targets.
.PHONY: all demo test interop install asan tsan fuzz bench check format clean help
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
CMAKE ?= cmake
CTEST = ctest --output-on-failure -j $(JOBS)

all: build/build.ninja   ## release build in build/
	@$(CMAKE) --build build -j $(JOBS)

build/build.ninja:
	@$(CMAKE) --preset release

demo: build/build.ninja   ## build, train, save, export and serve the seed model, and ask it
	@$(CMAKE) --build build -j $(JOBS) --target savedmodel examples
	@sh tools/demo.sh

# Configured anew: what the tests need may have been installed since.
test:                    ## every test; needs no TensorFlow
	@$(CMAKE) --preset release -DSM_ALL_TESTS=ON
	@$(CMAKE) --build build -j $(JOBS)
	@cd build && $(CTEST)

interop: all             ## both directions with TensorFlow 2.15.1, from PyPI into build/venv
	@sh tools/interop.sh

install: all             ## into PREFIX (/usr/local), DESTDIR honoured
	@$(CMAKE) --install build --prefix $(PREFIX)

asan:                    ## the suite under AddressSanitizer and UBSan, in build-asan/
	@$(CMAKE) --preset asan && $(CMAKE) --build --preset asan -j $(JOBS) && cd build-asan && $(CTEST)

# One OpenMP thread a team: ThreadSanitizer does not see libgomp's barriers.
tsan:                    ## the suite under ThreadSanitizer, in build-tsan/
	@$(CMAKE) --preset tsan && $(CMAKE) --build --preset tsan -j $(JOBS) && cd build-tsan && OMP_THREAD_LIMIT=1 $(CTEST)

fuzz:                    ## the libFuzzer targets (clang), FUZZ_SECONDS (60) each
	@sh tools/fuzz.sh

bench: all               ## checkpoint speed; PYTHON_TF names a Python with TensorFlow
	@$(CMAKE) --build build --target checkpoint_bench
	@python3 bench/checkpoint.py --build build

check: all               ## headers compile alone as C and C++, layers are kept, generated files are current
	@sh tools/check.sh

format:                  ## clang-format over the sources
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:                   ## remove the build trees
	@rm -rf build build-asan build-tsan build-fuzz

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
