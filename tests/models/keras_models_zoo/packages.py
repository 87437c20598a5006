"""Models that come from packages, with small configurations and random weights: transformers (4.38).

None is needed: what is not installed is left out.
"""

import numpy as np
import tensorflow as tf

from layers import data

MODELS = {}

SMALL = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}
PICTURES = {
    "image_size": 32,
    "patch_size": 8,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
PAIR = {
    "vocab_size": 40,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 40,
}
# architecture: classes without "TF", the configuration
ARCHITECTURES = {
    "Bert": (["ForMaskedLM", "ForQuestionAnswering", "ForTokenClassification"], SMALL),
    "Roberta": (["ForSequenceClassification"], dict(SMALL, pad_token_id=1)),
    "DistilBert": (
        ["ForMaskedLM"],
        {
            "vocab_size": 40,
            "dim": 16,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_dim": 24,
            "max_position_embeddings": 40,
        },
    ),
    "Albert": (["ForSequenceClassification"], dict(SMALL, embedding_size=8)),
    "Electra": (["ForPreTraining"], dict(SMALL, embedding_size=8)),
    "ConvBert": (["Model"], dict(SMALL, embedding_size=16, num_attention_heads=4)),
    "MobileBert": (["Model"], dict(SMALL, embedding_size=8, intra_bottleneck_size=8, hidden_size=16)),
    "RemBert": (["Model"], dict(SMALL, input_embedding_size=8, output_embedding_size=8)),
    "RoFormer": (["ForMaskedLM"], dict(SMALL, embedding_size=8)),
    "Deberta": (
        ["ForSequenceClassification"],
        dict(SMALL, relative_attention=True, pos_att_type=["c2p", "p2c"]),
    ),
    "DebertaV2": (
        ["ForMaskedLM"],
        dict(
            SMALL,
            relative_attention=True,
            pos_att_type=["c2p", "p2c"],
            position_buckets=8,
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            conv_kernel_size=3,
        ),
    ),
    "MPNet": (["Model"], SMALL),
    "Esm": (
        ["ForMaskedLM"],
        dict(SMALL, pad_token_id=1, mask_token_id=3, position_embedding_type="rotary", token_dropout=True),
    ),
    "LayoutLM": (["Model"], dict(SMALL, max_2d_position_embeddings=64)),
    "Funnel": (
        ["Model"],
        {
            "vocab_size": 40,
            "block_sizes": [1, 1],
            "d_model": 16,
            "n_head": 2,
            "d_head": 8,
            "d_inner": 24,
            "num_decoder_layers": 1,
        },
    ),
    "Longformer": (["Model"], dict(SMALL, attention_window=[4, 4])),
    "XLNet": (["LMHeadModel"], {"vocab_size": 40, "d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 24}),
    "XLM": (
        ["Model"],
        {"vocab_size": 40, "emb_dim": 16, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 40},
    ),
    "GPT2": (["LMHeadModel"], {"vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40}),
    "GPTJ": (
        ["Model"],
        {"vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40, "rotary_dim": 4},
    ),
    "OpenAIGPT": (["Model"], {"vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40}),
    "CTRL": (
        ["Model"],
        {"vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40, "dff": 24},
    ),
    "OPT": (
        ["Model"],
        {
            "vocab_size": 40,
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "ffn_dim": 24,
            "max_position_embeddings": 40,
            "word_embed_proj_dim": 8,
        },
    ),
    "Bart": (["ForConditionalGeneration"], PAIR),
    "Blenderbot": (["Model"], PAIR),
    "Pegasus": (["Model"], PAIR),
    "Marian": (["MTModel"], dict(PAIR, pad_token_id=1, decoder_start_token_id=2)),
    "LED": (
        ["Model"],
        dict(
            PAIR,
            attention_window=[4, 4],
            max_encoder_position_embeddings=40,
            max_decoder_position_embeddings=40,
        ),
    ),
    "T5": (
        ["Model", "EncoderModel"],
        {"vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2},
    ),
    "ViT": (["ForImageClassification"], PICTURES),
    "DeiT": (["Model"], PICTURES),
    "Data2VecVision": (["Model"], dict(PICTURES, use_relative_position_bias=True)),
    "Swin": (
        ["Model"],
        {
            "image_size": 32,
            "patch_size": 2,
            "embed_dim": 8,
            "depths": [2, 2],
            "num_heads": [2, 2],
            "window_size": 4,
        },
    ),
    "ConvNext": (["Model"], {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "image_size": 32}),
    "ConvNextV2": (["Model"], {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "image_size": 32}),
    "MobileViT": (
        ["Model"],
        {
            "image_size": 32,
            "hidden_sizes": [8, 12, 16],
            "neck_hidden_sizes": [4, 4, 8, 8, 12, 16, 16],
            "num_attention_heads": 2,
        },
    ),
    "Segformer": (
        ["ForSemanticSegmentation"],
        {
            "depths": [1, 1, 1, 1],
            "hidden_sizes": [8, 8, 16, 16],
            "num_attention_heads": [1, 2, 2, 2],
            "decoder_hidden_size": 8,
            "image_size": 32,
        },
    ),
    "RegNet": (
        ["Model"],
        {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "groups_width": 4},
    ),
    "ResNet": (["Model"], {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}),
    "EfficientFormer": (
        ["Model"],
        {
            "depths": [1, 1, 1, 1],
            "hidden_sizes": [8, 8, 16, 16],
            "dim": 16,
            "resolution": 1,
            "image_size": 32,
            "num_hidden_layers": 4,
            "downsamples": [True] * 4,
        },
    ),
    "Wav2Vec2": (
        ["Model"],
        dict(
            SMALL,
            conv_dim=[8, 8],
            conv_stride=[5, 2],
            conv_kernel=[10, 3],
            num_conv_pos_embeddings=4,
            num_conv_pos_embedding_groups=2,
        ),
    ),
    "Hubert": (
        ["Model"],
        dict(
            SMALL,
            conv_dim=[8, 8],
            conv_stride=[5, 2],
            conv_kernel=[10, 3],
            num_conv_pos_embeddings=4,
            num_conv_pos_embedding_groups=2,
        ),
    ),
    "Whisper": (
        ["Model"],
        {k: v for k, v in PAIR.items() if k != "max_position_embeddings"}
        | {
            "num_mel_bins": 8,
            "max_source_positions": 10,
            "max_target_positions": 20,
            "pad_token_id": 1,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "decoder_start_token_id": 2,
        },
    ),
    "Speech2Text": (
        ["Model"],
        {k: v for k, v in PAIR.items() if k != "max_position_embeddings"}
        | {
            "input_feat_per_channel": 8,
            "conv_channels": 16,
            "max_source_positions": 60,
            "max_target_positions": 20,
        },
    ),
    "CLIP": (
        ["Model"],
        {"text_config": SMALL | {"eos_token_id": 39}, "vision_config": PICTURES, "projection_dim": 8},
    ),
    "GroupViT": (
        ["Model"],
        {
            "text_config": SMALL | {"eos_token_id": 39},
            "vision_config": dict(
                PICTURES, depths=[1, 1, 1], num_group_tokens=[4, 2, 0], num_output_groups=[4, 2, 0]
            ),
            "projection_dim": 8,
            "projection_intermediate_dim": 12,
        },
    ),
    "ViTMAE": (
        ["Model"],
        dict(PICTURES, decoder_num_attention_heads=2, decoder_hidden_size=16, decoder_num_hidden_layers=1),
    ),
    "Lxmert": (["Model"], dict(SMALL, l_layers=1, x_layers=1, r_layers=1, visual_feat_dim=8)),
    "Tapas": (["Model"], SMALL),
}
NAMES = {"TFMarianMTModel": ("TFMarianMTModel", "MarianConfig")}


def value_of(name, shape, dtype, seed):
    rng = np.random.RandomState(seed)
    if "mask" in name and dtype.is_integer:
        mask = rng.randint(0, 2, shape)
        mask[..., 0] = 1
        return mask.astype(dtype.as_numpy_dtype)
    if dtype.is_integer:
        return rng.randint(0, 2 if "type" in name else 40, shape).astype(dtype.as_numpy_dtype)
    return data(*shape, seed=seed)


def requests_of(path, sizes, fixed=()):
    """Requests by the shapes of the signature; unknown dims are the batch, then the length."""
    spec = tf.saved_model.load(path).signatures["serving_default"].structured_input_signature[1]
    made = []
    for seed, (n, t) in enumerate(sizes):

        def size(name, at, dim):
            return (
                dim
                if dim is not None
                else (
                    n
                    if at == 0
                    else 3 if at == 1 and "pixel" in name else fixed[0] if fixed and "pixel" in name else t
                )
            )

        made.append(
            {
                name: value_of(
                    name, [size(name, i, d) for i, d in enumerate(s.shape)], s.dtype, seed + len(name)
                )
                for name, s in spec.items()
            }
        )
    return made


def transformer(kind, head, config):
    def model(path):
        import transformers

        net = getattr(transformers, "TF%s%s" % (kind, head))(getattr(transformers, kind + "Config")(**config))
        inputs = {k: tf.TensorSpec(v.shape, v.dtype, k) for k, v in net.input_signature.items()}
        net(net.dummy_inputs)

        @tf.function(input_signature=[inputs])
        def serving(inputs):
            made = net(inputs)
            return {k: v for k, v in made.items() if isinstance(v, tf.Tensor)}

        holder = tf.Module()
        serving.get_concrete_function()
        holder.kept = net.variables
        tf.saved_model.save(holder, path, signatures=serving)
        long = kind in ("Wav2Vec2", "Hubert")
        return requests_of(
            path,
            (
                ((2, 120), (1, 60), (3, 150))
                if long
                else ((2, 20), (1, 20)) if kind == "Whisper" else ((2, 8), (1, 4), (3, 12), (2, 7))
            ),
            (32,),
        )

    return model


try:
    import transformers  # noqa: F401

    for kind, (heads, config) in ARCHITECTURES.items():
        MODELS.update({"hf_%s_%s" % (kind, head): transformer(kind, head, config) for head in heads})
except ImportError:
    pass


# ---- generation, as people export it


def generating(kind, head, config, **options):
    def model(path):
        import transformers

        net = getattr(transformers, "TF%s%s" % (kind, head))(getattr(transformers, kind + "Config")(**config))
        net(net.dummy_inputs)

        shape = [options.pop("batch", None), None]

        @tf.function(
            input_signature=[
                tf.TensorSpec(shape, tf.int32, "input_ids"),
                tf.TensorSpec(shape, tf.int32, "attention_mask"),
            ]
        )
        def serving(input_ids, attention_mask):
            made = net.generate(
                input_ids=input_ids,
                attention_mask=attention_mask,
                max_new_tokens=6,
                return_dict_in_generate=True,
                **options
            )
            return {"sequences": made["sequences"]}

        holder = tf.Module()
        serving.get_concrete_function()
        holder.kept = net.variables
        tf.saved_model.save(holder, path, signatures=serving)
        return [
            {"input_ids": value_of("ids", (n, t), tf.int32, n), "attention_mask": np.ones((n, t), np.int32)}
            for n, t in ((2, 5), (shape[0] or 1, 3), (shape[0] or 3, 7))
        ]

    return model


GPT = dict(ARCHITECTURES["GPT2"][1], bos_token_id=1, eos_token_id=2, pad_token_id=0)
BART = dict(
    PAIR, bos_token_id=1, eos_token_id=2, pad_token_id=0, decoder_start_token_id=1, forced_eos_token_id=2
)
T5 = dict(ARCHITECTURES["T5"][1], eos_token_id=2, pad_token_id=0, decoder_start_token_id=0)
try:
    import transformers  # noqa: F401

    MODELS["hf_generate_greedy"] = generating("GPT2", "LMHeadModel", GPT)
    MODELS["hf_generate_repetition"] = generating(
        "GPT2",
        "LMHeadModel",
        GPT,
        batch=2,
        repetition_penalty=1.5,
        no_repeat_ngram_size=0,
        min_length=4,
        bad_words_ids=[[5], [7]],
        suppress_tokens=[3, 9],
    )
    MODELS["hf_generate_beam"] = generating(
        "GPT2", "LMHeadModel", GPT, batch=2, num_beams=3, length_penalty=0.7, early_stopping=True
    )
    MODELS["hf_generate_sample"] = generating(
        "GPT2", "LMHeadModel", GPT, batch=2, do_sample=True, top_k=8, top_p=0.9, temperature=0.7, seed=[3, 4]
    )
    MODELS["hf_generate_bart_beam"] = generating(
        "Bart", "ForConditionalGeneration", BART, batch=2, num_beams=2
    )
    MODELS["hf_generate_t5"] = generating("T5", "ForConditionalGeneration", T5)
except ImportError:
    pass
