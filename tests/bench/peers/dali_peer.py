"""DALI on the CPU: the decoder that decodes the crop alone."""
from nvidia.dali import fn, pipeline_def, types
from nvidia.dali.plugin.base_iterator import LastBatchPolicy  # noqa: F401  (names the version that has it)

import common


@pipeline_def(batch_size=common.BATCH, device_id=None)
def crops(data):
    encoded, labels = fn.readers.file(file_root=data, random_shuffle=True, initial_fill=1024, name="reader")
    pictures = fn.decoders.image_random_crop(encoded, device="cpu", output_type=types.RGB, random_area=list(common.SCALE),
                                             random_aspect_ratio=list(common.RATIO), num_attempts=10)
    pictures = fn.resize(pictures, resize_x=common.SIDE, resize_y=common.SIDE, interp_type=types.INTERP_TRIANGULAR)
    return fn.flip(pictures, horizontal=fn.random.coin_flip()), labels


def main():
    args = common.arguments()
    pipeline = crops(args.data, num_threads=args.workers, prefetch_queue_depth=2)
    pipeline.build()
    batches = -(-pipeline.epoch_size("reader") // common.BATCH)

    def epoch():
        return sum(pipeline.run()[0].as_tensor().shape()[0] for _ in range(batches))

    common.measure(epoch, args.seconds)


main()
