"""Signals, speech and vocoders."""
import numpy as np

from vision_groups import data, group, kept, now, unit, weights


@group
def audio(tf):
    """Signals: transforms, features, speech commands, vocoders."""
    s, nn, k = tf.signal, tf.nn, tf.keras.layers

    def spectra(x):
        made = {}
        for length, step, size in ((16, 8, None), (15, 5, None), (10, 7, 12), (8, 8, 32)):
            for end in (False, True):
                z = s.stft(x, length, step, size, pad_end=end)
                made["s%d_%d" % (length, end)], made["a%d_%d" % (length, end)] = z, tf.abs(z)
        made["phase"] = tf.cos(tf.math.angle(s.stft(x, 16, 8) + 1.0))
        return made

    def windows(n):
        f = {
            "hann": s.hann_window, "hamming": s.hamming_window, "kaiser": s.kaiser_window, "vorbis":
            s.vorbis_window, "kbd": s.kaiser_bessel_derived_window
        }
        made = {name: w(n) for name, w in f.items()}
        return dict(made, hann_odd=s.hann_window(n, periodic=False), hamming_whole=s.hamming_window(n, False),
                    kaiser9=s.kaiser_window(n, 9.0))

    def inverse(x):
        z = s.stft(x, 16, 4, fft_length=16)
        w = s.inverse_stft_window_fn(4)
        return {
            "back": s.inverse_stft(z, 16, 4, window_fn=w), "plain": s.inverse_stft(z, 12, 4, 16), "mdct":
            s.mdct(x, 8, pad_end=True, norm="ortho"), "imdct": s.inverse_mdct(s.mdct(x, 8), norm=None)
        }

    def log_mel(x):
        power = tf.abs(s.stft(x, 64, 32, 64))**2
        mel = tf.tensordot(power, s.linear_to_mel_weight_matrix(10, 33, 8000, 80.0, 3800.0), 1)
        logs = tf.math.log(mel + 1e-6)
        db = 10.0 * tf.math.log(tf.maximum(mel, 1e-10)) / tf.math.log(10.0)
        delta = tf.pad(logs[:, 2:] - logs[:, :-2], [[0, 0], [1, 1], [0, 0]], "SYMMETRIC")
        return {
            "mel":
            logs, "mfcc":
            s.mfccs_from_log_mel_spectrograms(logs)[..., :7], "db":
            tf.maximum(db,
                       tf.reduce_max(db, [1, 2], keepdims=True) - 80), "delta":
            delta, "cmvn": (logs - tf.reduce_mean(logs, 1, keepdims=True)) /
            (tf.math.reduce_std(logs, 1, keepdims=True) + 1e-3)
        }

    def frames(x, length, step):
        f = s.frame(x, length, step, pad_end=True, pad_value=0.5)
        return {
            "f": f, "added": s.overlap_and_add(f, step), "axis": s.frame(tf.transpose(x), 3, 2, axis=0),
            "short": s.frame(x, 4, 3)
        }

    def cosines(x):
        made = {
            "t%d%s" % (t, n or ""): s.dct(x, t, norm=n)
            for t in (1, 2, 3, 4)
            for n in (None, "ortho") if t != 1 or n is None
        }
        return dict(made, i1=s.idct(x, 1), i2=s.idct(x, 2, norm="ortho"), i3=s.idct(x, 3),
                    i4=s.idct(x, 4, norm="ortho"), padded=s.dct(x, 2, n=9), cut=s.dct(x, 3, n=3))

    def fourier(x):
        z = tf.complex(x, tf.reverse(x, [-1]))
        made = {
            "rfft": s.rfft(x), "irfft": s.irfft(z), "fft": s.fft(z), "ifft": s.ifft(z), "rfft_7":
            s.rfft(x, [7]), "irfft_9": s.irfft(z, [9]), "shift": s.fftshift(s.fft(z),
                                                                            [-1]), "ishift": s.ifftshift(z),
            "rfft2": s.rfft2d(x), "irfft2": s.irfft2d(z, [5, 6]), "fft2": s.fft2d(z), "ifft2": s.ifft2d(z),
            "fft3": s.fft3d(z), "ifft3": s.ifft3d(z), "rfft3": s.rfft3d(x), "irfft3": s.irfft3d(z, [3, 2, 5])
        }
        return dict(
            made, filtered=s.irfft(
                s.rfft(x) * tf.cast(tf.range(tf.shape(x)[-1] // 2 + 1) < 2, tf.complex64),
                tf.shape(x)[-1:]))

    def mu_law(x):
        mu = 255.0
        y = tf.sign(x) * tf.math.log1p(mu * tf.abs(x)) / tf.math.log1p(mu)
        q = tf.cast(tf.floor((y + 1) / 2 * mu + 0.5), tf.int32)
        back = tf.cast(q, tf.float32) / mu * 2 - 1
        return {
            "q": q, "hot": tf.reduce_sum(tf.one_hot(q, 256), -2), "x":
            tf.sign(back) * ((1 + mu)**tf.abs(back) - 1) / mu
        }

    def commands(wav):
        """speech_commands: DecodeWav, AudioSpectrogram, Mfcc, a small net."""
        x = tf.raw_ops.DecodeWav(contents=wav, desired_channels=1, desired_samples=800)
        spec = tf.raw_ops.AudioSpectrogram(input=x.audio, window_size=160, stride=80, magnitude_squared=True)
        mfcc = tf.raw_ops.Mfcc(spectrogram=spec, sample_rate=x.sample_rate, upper_frequency_limit=4000,
                               lower_frequency_limit=20, filterbank_channel_count=20,
                               dct_coefficient_count=10)
        y = nn.relu(nn.conv2d(mfcc[..., None], command_w, [1, 2, 2, 1], "SAME"))
        return {
            "labels": nn.softmax(tf.matmul(tf.reduce_max(y, [1, 2]), command_d)), "rate": x.sample_rate,
            "mfcc": mfcc, "louder": tf.audio.encode_wav(tf.clip_by_value(x.audio[:200] * 2, -1, 1),
                                                        x.sample_rate)
        }

    command_w, command_d = weights(8, 4, 1, 6), weights(6, 5)

    def any_wav(wav):
        x, rate = tf.audio.decode_wav(wav)
        spec = tf.raw_ops.AudioSpectrogram(input=x, window_size=30, stride=13)
        small = tf.image.resize(tf.minimum(spec[..., None] * 10, 255.0), [12, 8], "bilinear")
        return {
            "x": x, "rate": rate, "spec": spec, "picture": tf.io.encode_png(tf.cast(small[0] * 0, tf.uint8)),
            "mean": tf.reduce_mean(x, 0)
        }

    def batch_wavs(wavs):

        def one(w):
            x = tf.audio.decode_wav(w, 1, 400).audio[:, 0]
            return tf.abs(s.stft(x, 100, 50))

        y = tf.map_fn(one, wavs, fn_output_signature=tf.TensorSpec([7, 65], tf.float32))
        return {"y": tf.reduce_mean(y, 1), "top": tf.argmax(y, -1)}

    def griffin_lim(mag):
        """Phase by iteration, in a while loop."""
        m = tf.cast(mag, tf.complex64)

        def step(i, z):
            x = s.inverse_stft(z, 16, 4, 16, s.inverse_stft_window_fn(4))
            again = s.stft(x, 16, 4, 16)
            return i + 1, m * again / tf.cast(tf.maximum(1e-4, tf.abs(again)), tf.complex64)

        z = tf.while_loop(lambda i, _: i < 5, step, (0, m), maximum_iterations=8)[1]
        return {"x": s.inverse_stft(z, 16, 4, 16, s.inverse_stft_window_fn(4))}

    def wavenet(x):
        """Dilated causal stacks with gates and skips."""
        y, skips = nn.conv1d(x, wave_in, 1, "SAME"), []
        for i, (f, g) in enumerate(gates):
            p = tf.pad(y, [[0, 0], [2**i, 0], [0, 0]])
            z = tf.tanh(nn.convolution(p, f, padding="VALID", dilations=2**i)) * tf.sigmoid(
                nn.convolution(p, g, padding="VALID", dilations=2**i))
            skips.append(nn.conv1d(z, wave_skip, 1, "VALID"))
            y += nn.conv1d(z, wave_skip, 1, "VALID")
        return nn.relu(tf.add_n(skips))

    wave_in, wave_skip, gates = weights(1, 1, 4), weights(1, 4, 4), [
        (weights(2, 4, 4, seed=i), weights(2, 4, 4, seed=i + 9)) for i in range(3)
    ]

    def incremental(first, n):
        """The same sample by sample: a queue of past values for each dilation, rolled in a loop."""
        queues = tuple(tf.zeros([tf.shape(first)[0], 2**i, 4]) for i in range(3))

        def body(i, x, queues, out):
            y, skip, rolled = tf.matmul(x, wave_in[0]), 0.0, []
            for (f, g), q in zip(gates, queues):
                z = tf.tanh(tf.matmul(q[:, 0], f[0]) +
                            tf.matmul(y, f[1])) * tf.sigmoid(tf.matmul(q[:, 0], g[0]) + tf.matmul(y, g[1]))
                rolled.append(tf.concat([q[:, 1:], y[:, None]], 1))
                skip += tf.matmul(z, wave_skip[0])
                y += tf.matmul(z, wave_skip[0])
            x = tf.tanh(tf.reduce_sum(nn.relu(skip), 1, keepdims=True) * 2 - 0.3)
            return i + 1, x, tuple(rolled), out.write(i, x)

        out = tf.while_loop(lambda i, *_: i < n, body,
                            (0, first, queues, tf.TensorArray(tf.float32, n, element_shape=[None, 1])))[3]
        return tf.transpose(out.stack(), [1, 0, 2])

    stream_state = weights(1, 3, 4, seed=20)

    def streaming(x, reset):
        """A keyword spotter that keeps the last frames in a variable."""
        stream_state.assign(tf.cond(reset, lambda: tf.zeros([1, 3, 4]), lambda: stream_state.value()))
        window = tf.concat([stream_state, x], 1)
        stream_state.assign(window[:, -3:])
        return nn.conv1d(window, wave_in_k, 1, "VALID")

    wave_in_k = weights(3, 4, 2)

    lstm, conv = kept(k.LSTM(5, return_sequences=True)), kept(k.Conv1D(6, 3, 2, "causal", activation="relu"))
    lstm(conv(tf.zeros([1, 2, 4])))
    ds = [(kept(k.SeparableConv1D(6, 3, padding="same")), kept(k.BatchNormalization())) for _ in range(2)]
    speech_d = weights(5, 8)

    def asr(x, lengths):
        y = conv(x)
        for c, b in ds:
            y = nn.relu(b(c(y)) + y)
        mask = tf.sequence_mask((lengths + 1) // 2, tf.shape(y)[1])
        y = lstm(y, mask=mask)
        logits = tf.transpose(tf.tensordot(y, speech_d, 1) * 3, [1, 0, 2])
        decoded, p = nn.ctc_greedy_decoder(logits, (lengths + 1) // 2)
        words = tf.strings.reduce_join(
            tf.strings.unicode_encode(
                tf.ragged.map_flat_values(lambda v: tf.cast(v, tf.int32) + 97,
                                          tf.RaggedTensor.from_sparse(decoded[0])), "UTF-8")[:, None], 1)
        return {
            "words":
            words, "p":
            p, "mask":
            mask, "loss":
            nn.ctc_loss(tf.ones([tf.shape(x)[0], 1], tf.int32), logits, tf.ones([tf.shape(x)[0]], tf.int32),
                        (lengths + 1) // 2, blank_index=7)
        }

    def embed(x):
        """Speaker embedding with attentive pooling; x-vector statistics."""
        y = conv(x)
        a = nn.softmax(tf.reduce_sum(y, -1, keepdims=True), 1)
        mean = tf.reduce_sum(a * y, 1)
        std = tf.sqrt(tf.maximum(tf.reduce_sum(a * y * y, 1) - mean**2, 1e-6))
        return tf.math.l2_normalize(tf.concat([mean, std], -1), -1)

    def vad(x):
        energy = tf.reduce_mean(s.frame(x, 8, 4)**2, -1)
        speech = tf.cast(energy > 0.3, tf.int32)
        edges = speech[1:] - speech[:-1]
        starts, ends = tf.where(edges > 0)[:, 0], tf.where(edges < 0)[:, 0]
        n = tf.minimum(tf.size(starts), tf.size(ends))
        runs = tf.RaggedTensor.from_row_lengths(tf.ones([tf.reduce_sum(speech)]), speech)
        return {
            "starts": starts, "n": n, "pairs": tf.stack([starts[:n], ends[:n]], 1), "smooth":
            nn.avg_pool1d(energy[None, :, None], 3, 1, "SAME")[0, :, 0], "runs": runs.row_splits, "zero":
            tf.math.count_nonzero(x[1:] * x[:-1] < 0)
        }

    def resample(x, n):
        pos = tf.linspace(0.0, tf.cast(tf.shape(x)[0] - 1, tf.float32), n)
        lo = tf.cast(tf.floor(pos), tf.int32)
        hi = tf.minimum(lo + 1, tf.shape(x)[0] - 1)
        taps = tf.constant(np.hanning(7).astype(np.float32) / 3)
        return {
            "linear":
            tf.gather(x, lo) * (1 - (pos - tf.floor(pos))) + tf.gather(x, hi) * (pos - tf.floor(pos)), "fir":
            nn.conv1d(x[None, :, None], taps[:, None, None], 2,
                      "SAME")[0, :, 0], "iir": tf.scan(lambda a, v: 0.9 * a + v, x), "emphasis":
            tf.concat([x[:1], x[1:] - 0.97 * x[:-1]],
                      0), "auto": s.irfft(tf.cast(tf.abs(s.rfft(x, [64]))**2, tf.complex64))[:10]
        }

    wave = lambda n, c=1, seed=1: np.float32(
        np.sin(np.arange(n)[:, None] * (0.1 + 0.07 * np.arange(c))) * 0.6 + data(n, c, seed=seed) * 0.1)
    wav = lambda n, c=1, rate=8000: np.array(now(tf.audio.encode_wav(wave(n, c), rate)), object)
    wavs = [[wav(1000)], [wav(300, 2, 16000)], [wav(800, 1, 44100)], [wav(40)],
            [np.array(b"RIFF nothing", object)], [np.array(wav(100).item()[:120], object)],
            [np.array(b"", object)]]
    lines = [[wave(n, c).T.copy()] for n, c in ((64, 1), (50, 2), (17, 1), (16, 3))]
    few, z3 = [[data(2, 6)], [data(1, 5)], [data(3, 2)],
               [data(0, 6)]], [[data(*t)] for t in ((2, 4, 6), (3, 5, 7), (1, 3, 11), (2, 2, 9), (1, 17, 13))]
    return {
        "spectra": (spectra, lines + [[data(2, 3, 40)[0]], [data(0, 30)], [data(1, 9)], [data(1, 0)]]),
        "windows": (windows, [[np.int32(n)] for n in (8, 16, 2, 30)]),
        "inverse": (inverse, lines),
        "log_mel": (log_mel, [[wave(n, c).T.copy()] for n, c in ((200, 1), (321, 2), (64, 1))]),
        "frames": (frames, [[data(2, 13), np.int32(5), np.int32(3)], [data(1, 7),
                                                                      np.int32(4),
                                                                      np.int32(4)],
                            [data(2, 13), np.int32(20), np.int32(2)], [data(1, 3),
                                                                       np.int32(2),
                                                                       np.int32(5)]]),
        "cosines": (cosines, few),
        "fourier": (fourier, z3),
        "fourier_even": (fourier, [[data(2, 4, 8)], [data(1, 1, 4)]]),
        "mu_law": (mu_law, few),
        "commands": (commands, wavs),
        "any_wav": (any_wav, wavs),
        "batch_wavs": (batch_wavs, [[np.stack([wav(500), wav(300, 2)])], [np.stack([wav(99)])],
                                    [np.array([], object)]]),
        "griffin_lim": (griffin_lim, [[unit(1, 6, 9)], [unit(2, 9, 9)], [unit(1, 1, 9)]]),
        "wavenet": (wavenet, [[data(1, 12, 1)], [data(2, 5, 1)], [data(1, 1, 1)], [data(0, 5, 1)]]),
        "incremental": (incremental, [[data(1, 1), np.int32(12)], [data(3, 1), np.int32(4)],
                                      [data(1, 1), np.int32(0)], [data(2, 1), np.int32(1)]]),
        "streaming": (streaming, [[data(1, 2, 4), np.bool_(True)], [data(1, 5, 4),
                                                                    np.bool_(True)]]),
        "asr": (asr, [[data(1, 10, 4), np.int32([10])], [data(3, 7, 4), np.int32([7, 3, 1])],
                      [data(1, 2, 4), np.int32([2])]]),
        "embed": (embed, [[data(2, 9, 4)], [data(1, 1, 4)], [data(0, 9, 4)]]),
        "vad": (vad, [[data(100) * np.float32(2)], [data(8)], [data(7)], [np.zeros(40, np.float32)]]),
        "resample": (resample, [[data(40), np.int32(25)], [data(9), np.int32(30)], [data(3),
                                                                                    np.int32(1)]]),
    }
