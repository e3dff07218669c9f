# What comes from elsewhere: Debian's packages (tools/deps.sh installs them) and libtorch, Arrow and XGBoost out of their wheels.
find_package(Threads REQUIRED)
find_package(TBB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(TorchWheel REQUIRED)
find_package(ArrowWheel REQUIRED)
find_package(XgboostWheel REQUIRED)

find_package(PkgConfig REQUIRED)
# lmdb -> Penstock::lmdb, and so on. NAME is how pkg-config calls it.
function(penstock_pkg target name)
  pkg_check_modules(pkg_${target} REQUIRED IMPORTED_TARGET ${name})
  add_library(Penstock::${target} ALIAS PkgConfig::pkg_${target})
endfunction()
penstock_pkg(lmdb lmdb)
penstock_pkg(liburing liburing)
penstock_pkg(xxhash libxxhash)
penstock_pkg(hdf5 hdf5)
penstock_pkg(matio matio)
penstock_pkg(jpeg libjpeg)
penstock_pkg(png libpng)
penstock_pkg(hwy libhwy)
penstock_pkg(mpi ompi-c)
# The C++ bindings were taken out of MPI 3; Open MPI's header still brings them unless told.
target_compile_definitions(PkgConfig::pkg_mpi INTERFACE OMPI_SKIP_MPICXX)

# OpenBLAS (pthread: the one that may be called from many threads), linked into the program and hidden there: libtorch brings a BLAS of
# its own under the same names, and neither may be taken for the other. Debian has no pkg-config file that names the archive.
find_library(PENSTOCK_OPENBLAS libopenblas.a PATH_SUFFIXES openblas-pthread
  DOC "The archive of OpenBLAS, pthread build" REQUIRED)
find_path(PENSTOCK_OPENBLAS_INCLUDE openblas_config.h PATH_SUFFIXES openblas-pthread ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread REQUIRED)
find_library(PENSTOCK_GFORTRAN NAMES libgfortran.so.5 REQUIRED)
mark_as_advanced(PENSTOCK_OPENBLAS PENSTOCK_OPENBLAS_INCLUDE PENSTOCK_GFORTRAN)
add_library(Penstock::openblas STATIC IMPORTED)
set_target_properties(Penstock::openblas PROPERTIES
  IMPORTED_LOCATION ${PENSTOCK_OPENBLAS}
  INTERFACE_INCLUDE_DIRECTORIES ${PENSTOCK_OPENBLAS_INCLUDE}
  INTERFACE_LINK_LIBRARIES "${PENSTOCK_GFORTRAN};Threads::Threads"
  INTERFACE_LINK_OPTIONS LINKER:--exclude-libs,libopenblas.a)
